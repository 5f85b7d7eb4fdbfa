//! The pure floors name no tokio, socket, file, clock or randomness.
//!
//! Read from the syntax tree, so comments and strings may speak of them. `use` renames are followed
//! one step (`use std::fs as disk`), macros are read as tokens. Tests of a pure crate may read files.

use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    ItemUse, Macro, UseTree,
    spanned::Spanned,
    visit::{self, Visit},
};

use super::{
    Untidy,
    house::{House, read},
};

pub(super) fn check(house: &House) -> Result<Vec<Untidy>, String> {
    let mut found = Vec::new();
    for member in &house.members {
        let is_pure = house
            .place(&member.name)
            .and_then(|(floor, _)| house.plan.floor.get(floor))
            .is_some_and(|floor| floor.pure);
        if !is_pure {
            continue;
        }
        let sources = member.folder.join("src");
        for file in member.rust_files()?.into_iter().filter(|file| file.starts_with(&sources)) {
            found.extend(check_file(house, &file)?);
        }
    }
    Ok(found)
}

fn check_file(house: &House, file: &Path) -> Result<Vec<Untidy>, String> {
    let text = read(file)?;
    let tree = syn::parse_file(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut reader = Reader { forbidden: &house.plan.purity.paths, found: Vec::new() };
    reader.visit_file(&tree);
    let relative = house.relative(file);
    Ok(reader
        .found
        .into_iter()
        .map(|(line, path)| Untidy {
            file: relative.clone(),
            line,
            what: format!("`{path}` on a pure floor: let it come in as an argument"),
        })
        .collect())
}

struct Reader<'p> {
    forbidden: &'p [String],
    found: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn look(&mut self, path: &str, line: usize) {
        let path = path.trim_start_matches("::");
        let hits = |forbidden: &&String| path == forbidden.as_str() || path.starts_with(&format!("{forbidden}::"));
        if self.forbidden.iter().find(hits).is_some() {
            self.found.push((line, path.to_owned()));
        }
    }

    fn walk_use(&mut self, prefix: &str, tree: &UseTree) {
        let join = |name: String| if prefix.is_empty() { name } else { format!("{prefix}::{name}") };
        match tree {
            UseTree::Path(path) => self.walk_use(&join(path.ident.to_string()), &path.tree),
            UseTree::Name(name) => {
                self.look(&join(name.ident.to_string()).replace("::self", ""), name.span().start().line)
            }
            UseTree::Rename(rename) => self.look(&join(rename.ident.to_string()), rename.span().start().line),
            UseTree::Glob(glob) => self.look(prefix, glob.span().start().line),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.walk_use(prefix, item)),
        }
    }

    /// Paths in a macro's tokens: `a :: b :: c`.
    fn walk_tokens(&mut self, tokens: TokenStream) {
        let mut path = String::new();
        let mut line = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if path.ends_with("::") || path.is_empty() => {
                    line = ident.span().start().line;
                    path.push_str(&ident.to_string());
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => path.push(':'),
                other => {
                    self.look_unfinished(&mut path, line);
                    match other {
                        TokenTree::Group(group) => self.walk_tokens(group.stream()),
                        TokenTree::Ident(ident) => {
                            line = ident.span().start().line;
                            path = ident.to_string();
                        }
                        _ => {}
                    }
                }
            }
        }
        self.look_unfinished(&mut path, line);
    }

    fn look_unfinished(&mut self, path: &mut String, line: usize) {
        let text = std::mem::take(path);
        // A lone identifier in a macro is a word, not a path.
        if text.contains("::") {
            self.look(&text, line);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !module.attrs.iter().any(is_cfg_test) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.walk_use("", &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 {
            self.look(&names.join("::"), path.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        self.walk_tokens(mac.tokens.clone());
    }
}

fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|argument| argument == "test")
}
