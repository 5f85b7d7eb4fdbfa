//! One endpoint: what the router runs and what the document says of it, in one place.

use std::{future::Future, pin::Pin, sync::Arc};

use axum::response::Response;
use rules::access::Scope;
use serde_json::Value;

use super::call::Call;
use crate::problem::Problem;

/// The methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    Get,
    Post,
    Delete,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    /// Everybody, without a key.
    Everybody,
    /// Whoever has a key.
    AnyCaller,
    /// Whoever has that scope.
    With(Scope),
}

/// What a request brings.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// Nothing.
    None,
    /// JSON of that shape.
    Json { shape: Value, example: Value },
    /// Octets of that media type.
    Octets { media: &'static str, example: &'static str },
}

/// A parameter of the query, the path or the header.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub name: &'static str,
    /// `query`, `path` or `header`.
    pub place: &'static str,
    pub required: bool,
    pub shape: Value,
    pub example: Value,
}

/// A good answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: u16,
    pub what: &'static str,
    pub media: &'static str,
    pub shape: Value,
    pub example: Value,
}

type Doing = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// An endpoint.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub verb: Verb,
    /// Below `/api/v1`, with `{name}` for what varies.
    pub path: &'static str,
    /// A word for programs: `list_domains`.
    pub id: &'static str,
    pub summary: &'static str,
    pub may: May,
    pub parameters: Vec<Parameter>,
    pub body: Body,
    pub answer: Answer,
    /// Statuses of problems beside those that every endpoint can answer.
    pub problems: Vec<u16>,
    pub run: Arc<dyn Fn(Call) -> Doing + Send + Sync>,
}

impl Endpoint {
    /// An endpoint that answers 200.
    pub(super) fn new<F>(
        verb: Verb,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        may: May,
        run: fn(Call) -> F,
    ) -> Self
    where
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let answer = Answer {
            status: 200,
            what: "As asked for.",
            media: "application/json",
            shape: Value::Bool(true),
            example: Value::Null,
        };
        let run = Arc::new(move |call: Call| -> Doing { Box::pin(run(call)) });
        let (parameters, problems) = (Vec::new(), Vec::new());
        Self { verb, path, id, summary, may, parameters, body: Body::None, answer, problems, run }
    }

    /// A part of the path.
    pub(super) fn path(mut self, name: &'static str, shape: Value, example: &str) -> Self {
        self.parameters.push(Parameter { name, place: "path", required: true, shape, example: example.into() });
        self
    }

    /// A parameter of the query, that may be left out.
    pub(super) fn query(mut self, name: &'static str, shape: Value, example: impl Into<Value>) -> Self {
        self.parameters.push(Parameter { name, place: "query", required: false, shape, example: example.into() });
        self
    }

    /// A header that may be left out.
    pub(super) fn header(mut self, name: &'static str, shape: Value, example: &str) -> Self {
        self.parameters.push(Parameter { name, place: "header", required: false, shape, example: example.into() });
        self
    }

    /// JSON of the request.
    pub(super) fn json(mut self, shape: Value, example: Value) -> Self {
        self.body = Body::Json { shape, example };
        self
    }

    /// Octets of the request.
    pub(super) fn octets(mut self, media: &'static str, example: &'static str) -> Self {
        self.body = Body::Octets { media, example };
        self
    }

    /// What it answers.
    pub(super) fn answers(mut self, what: &'static str, shape: Value, example: Value) -> Self {
        self.answer = Answer { what, shape, example, ..self.answer };
        self
    }

    /// What it answers, with another status than 200.
    pub(super) fn status(mut self, status: u16) -> Self {
        self.answer.status = status;
        self
    }

    /// What it answers, when that is no JSON.
    pub(super) fn media(mut self, media: &'static str) -> Self {
        self.answer.media = media;
        self
    }

    /// Problems that it can answer, beside those of every endpoint.
    pub(super) fn problems(mut self, statuses: &[u16]) -> Self {
        self.problems.extend(statuses);
        self
    }

    /// Every status of a problem that it can answer.
    pub(super) fn every_problem(&self) -> Vec<u16> {
        let mut statuses = self.problems.clone();
        statuses.extend([422, 429, 500, 503]);
        statuses.extend(match self.may {
            May::Everybody => [].as_slice(),
            May::AnyCaller => [401].as_slice(),
            May::With(_) => [401, 403].as_slice(),
        });
        if !matches!(self.body, Body::None) {
            statuses.extend([400, 413, 415]);
        }
        if self.parameters.iter().any(|parameter| parameter.place == "path") {
            statuses.push(404);
        }
        statuses.sort_unstable();
        statuses.dedup();
        statuses
    }
}

impl Verb {
    /// As it stands in the document.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Delete => "delete",
        }
    }
}

impl May {
    /// The word of the scope.
    pub(super) fn scope(self) -> Option<Scope> {
        match self {
            Self::With(scope) => Some(scope),
            Self::Everybody | Self::AnyCaller => None,
        }
    }
}
