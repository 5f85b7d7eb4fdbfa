//! The page of a tool: its form, and the place where the answer comes.

use askama::Template;

use super::{
    input::Input,
    tools::{Field, Kind, TOOLS, Tool},
};

/// Stands where the answer comes. What a person sends cannot hold it: `<` is escaped everywhere.
pub(crate) const MARK: &str = "<!--answer-->";

/// Longest value that is shown again in its field, in octets.
const SHOWN_AGAIN: usize = 16 * 1024;

#[derive(Template)]
#[template(path = "public/tool.html")]
pub(crate) struct ToolPage {
    tool: &'static Tool,
    fields: Vec<FieldRow>,
    /// The input, as the permanent link has it.
    query: String,
    running: bool,
    why: String,
    can_mail: bool,
}

struct FieldRow {
    field: &'static Field,
    value: String,
    options: Vec<(&'static str, &'static str, bool)>,
}

#[derive(Template)]
#[template(path = "public/tools.html")]
pub(crate) struct ToolsPage {
    pub tools: &'static [Tool],
}

impl ToolPage {
    /// The form alone.
    pub(crate) fn empty(tool: &'static Tool, input: &Input) -> Self {
        let names: Vec<&str> = tool.fields.iter().map(|field| field.name).collect();
        Self {
            tool,
            fields: tool.fields.iter().map(|field| FieldRow::new(field, input)).collect(),
            query: if tool.pasted { String::new() } else { input.query(&names) },
            running: false,
            why: String::new(),
            can_mail: tool.slug == "email-deliverability-test",
        }
    }

    /// With the place for the answer.
    pub(crate) fn running(tool: &'static Tool, input: &Input) -> Self {
        Self { running: true, can_mail: false, ..Self::empty(tool, input) }
    }

    /// With the reason why there is no answer.
    pub(crate) fn refused(tool: &'static Tool, input: &Input, why: &str) -> Self {
        Self { why: why.to_owned(), ..Self::empty(tool, input) }
    }
}

impl FieldRow {
    fn new(field: &'static Field, input: &Input) -> Self {
        let value = if field.kind == Kind::File { String::new() } else { input.text(field.name) };
        let value = if value.len() > SHOWN_AGAIN { String::new() } else { value };
        let options = match field.kind {
            Kind::Choice(options) => options.iter().map(|(id, text)| (*id, *text, *id == value)).collect(),
            _ => Vec::new(),
        };
        Self { field, value, options }
    }
}

impl ToolsPage {
    /// All tools.
    pub(crate) fn new() -> Self {
        Self { tools: TOOLS }
    }
}
