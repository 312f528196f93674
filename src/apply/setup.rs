//! What a program holds through its own API: read first, written only where it differs, read again.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use reqwest::Method;
use serde_json::Value as Json;

use crate::catalog::{Read, Step, StepLogin, WriteMethod};
use crate::check::http::{Answer, Body};
use crate::check::{self, Begun, Login, Subject, compare};
use crate::engine::Engine;
use crate::exit::{Exit, Stop};
use crate::plan::Unit;
use crate::stack::{Secrets, Stack};

/// A program that has just become ready may refuse a change for a moment.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time between two tries.
const STEP: Duration = Duration::from_millis(500);
/// Separates the parts of a form. A rendered file is text and holds no such line.
const BOUNDARY: &str = "mcpmon-8f1d2c7e5b904a36";

/// Waits until each program with a setup is ready, and brings it to what it must hold. Gives what
/// was written, for people.
///
/// # Errors
/// What a program refused, in its own words, with every secret covered.
pub async fn run(
    engine: &Engine,
    stack: &Stack,
    units: &[&Unit],
    secrets: &Secrets,
    timeout: Duration,
) -> anyhow::Result<Vec<String>> {
    let wanted = units.iter().filter(|unit| !unit.setup.is_empty());
    let done = try_join_all(wanted.map(|unit| async move {
        let (only, deadline) = ([*unit], Instant::now() + timeout);
        let none = Begun::new();
        let ready = check::wait_ready(engine.reader(), &only, &none, deadline, &|_, _| {});
        ready.await.map_err(|late| {
            let texts: Vec<String> = late.iter().map(ToString::to_string).collect();
            anyhow::Error::from(Stop::new(Exit::Failed, texts.join("\n")))
        })?;
        let subject = check::subject(engine.reader(), unit, stack, secrets).await?;
        let written = bring(&subject, secrets, PATIENCE).await;
        written.map_err(|problem| anyhow::Error::from(Stop::new(Exit::Failed, problem)))
    }))
    .await?;
    Ok(done.into_iter().flatten().collect())
}

/// Brings one program to what it must hold.
///
/// # Errors
/// The first step that failed, and why.
pub async fn bring(
    subject: &Subject<'_>,
    secrets: &Secrets,
    patience: Duration,
) -> Result<Vec<String>, String> {
    let mut written = Vec::new();
    for step in &subject.unit.setup {
        let work = Work { subject, step, secrets };
        let deadline = Instant::now() + patience;
        let outcome = loop {
            match work.bring().await {
                Err(problem) if problem.again && Instant::now() + STEP < deadline => {
                    tokio::time::sleep(STEP).await;
                }
                outcome => break outcome,
            }
        };
        match outcome {
            Ok(true) => written.push(format!("{}: {}", subject.unit.name, step.name)),
            Ok(false) => {}
            Err(problem) => {
                let text = format!("{}: {}: {}", subject.unit.name, step.name, problem.text);
                return Err(covered(text, subject, secrets));
            }
        }
    }
    Ok(written)
}

/// Why a step failed.
struct Problem {
    text: String,
    /// Whether it may pass by itself.
    again: bool,
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self { text, again: true }
    }
}

impl Problem {
    fn lasting(text: String) -> Self {
        Self { text, again: false }
    }
}

/// One step at one program.
struct Work<'a> {
    subject: &'a Subject<'a>,
    step: &'a Step,
    secrets: &'a Secrets,
}

impl Work<'_> {
    /// Says whether something was written.
    async fn bring(&self) -> Result<bool, Problem> {
        if self.lacks().await?.is_empty() {
            return Ok(false);
        }
        self.write().await?;
        let lacks = self.lacks().await?;
        if lacks.is_empty() {
            return Ok(true);
        }
        let lines: Vec<String> = lacks.iter().map(|line| format!("\n    {line}")).collect();
        Err(Problem::from(format!("it took it, and does not hold it:{}", lines.concat())))
    }

    /// In what the program's state is not what it must be.
    async fn lacks(&self) -> Result<Vec<String>, Problem> {
        let mut lines = Vec::new();
        if let Some(read) = &self.step.read {
            lines.extend(self.compared(read).await?);
        }
        if lines.is_empty()
            && let Some(login) = &self.step.login
        {
            lines.extend(self.refused(login).await?);
        }
        Ok(lines)
    }

    async fn compared(&self, read: &Read) -> Result<Vec<String>, Problem> {
        let answer = self.get(&read.path, self.subject.login.as_ref()).await?;
        if answer.status == 404 {
            return Ok(vec!["it is not there".to_owned()]);
        }
        let there: Json = self.taken(answer)?.json()?;
        let there = there.pointer(&read.at).unwrap_or(&Json::Null);
        if self.step.write.form {
            return Ok(self.compared_at(read, &Json::Null, there));
        }
        let body = self.body()?;
        if !read.compare.is_empty() {
            return Ok(self.compared_at(read, &body, there));
        }
        let found = compare::differences(&body, there);
        Ok(found.iter().map(ToString::to_string).collect())
    }

    /// What differs at the places that are compared. Of a form, its first line stands for it.
    fn compared_at(&self, read: &Read, body: &Json, there: &Json) -> Vec<String> {
        let first = self.text().ok().and_then(|text| text.lines().next());
        let first = first.and_then(|line| serde_json::from_str(line).ok());
        let body = if self.step.write.form { &first.unwrap_or(Json::Null) } else { body };
        let differs = |at: &&String| body.pointer(at) != there.pointer(at);
        read.compare.iter().filter(differs).map(|at| format!("{at} differs")).collect()
    }

    /// Why a user cannot log in.
    async fn refused(&self, login: &StepLogin) -> Result<Option<String>, Problem> {
        let password = self.secret(&login.password)?;
        let user = Login { user: login.user.clone(), password };
        let answer = self.get(&login.path, Some(&user)).await?;
        match answer.status {
            401 | 403 => Ok(Some(format!("`{}` cannot log in with its password", login.user))),
            _ => Ok(answer.good().map(|_| None)?),
        }
    }

    async fn get(&self, path: &str, login: Option<&Login>) -> Result<Answer, String> {
        self.subject.http.get(&self.subject.url(path), login).await
    }

    async fn write(&self) -> Result<(), Problem> {
        let write = &self.step.write;
        let method = match write.method {
            WriteMethod::Put => Method::PUT,
            WriteMethod::Post => Method::POST,
        };
        let body = if write.form {
            form(&write.body, self.text()?)
        } else {
            let mut body = self.body()?;
            for (at, place) in &write.secrets {
                let secret = Json::String(self.secret(place)?);
                let there = body.pointer_mut(at);
                *there.ok_or_else(|| format!("{}: there is no {at}", write.body))? = secret;
            }
            Body { kind: "application/json".to_owned(), bytes: body.to_string().into_bytes() }
        };
        let subject = self.subject;
        let url = subject.url(&write.path);
        let answer = subject.http.send(method, &url, subject.login.as_ref(), body).await?;
        let answer = self.taken(answer)?;
        // Kibana answers 200 to an import of which something failed.
        let answer: Json = answer.json().unwrap_or(Json::Null);
        match answer.get("success") {
            Some(Json::Bool(false)) => {
                let why = answer.get("errors").map(ToString::to_string).unwrap_or_default();
                Err(Problem::lasting(format!("refused: {}", check::http::shorten(&why, 600))))
            }
            _ => Ok(()),
        }
    }

    /// A good answer; else what is to be said about it.
    fn taken(&self, answer: Answer) -> Result<Answer, Problem> {
        match answer.status {
            401 => Err(Problem::lasting(wrong_password(self.subject))),
            // It is busy, or a part of it still starts.
            408 | 409 | 429 | 500..600 => Err(answer.refusal().into()),
            _ => answer.good().map_err(Problem::lasting),
        }
    }

    /// The rendered file.
    fn text(&self) -> Result<&str, String> {
        let path = &self.step.write.body;
        self.subject.file(path).ok_or_else(|| format!("{path} is not rendered"))
    }

    /// The rendered file's content, in which a place for a secret holds nothing.
    fn body(&self) -> Result<Json, String> {
        let path = &self.step.write.body;
        serde_json::from_str(self.text()?).map_err(|error| format!("{path}: {error}"))
    }

    /// The value of `component.setting`.
    fn secret(&self, place: &str) -> Result<String, String> {
        let (component, setting) = place.split_once('.').unwrap_or((place, ""));
        let value = self.secrets.get(component, &format!("secrets/{setting}"));
        let value = value.and_then(|value| String::from_utf8(value.to_vec()).ok());
        value.ok_or_else(|| format!("the secret `{setting}` of {component} is not at hand"))
    }
}

fn form(path: &str, text: &str) -> Body {
    let name = path.rsplit('/').next().unwrap_or(path);
    let bytes = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: application/ndjson\r\n\r\n{text}\r\n--{BOUNDARY}--\r\n"
    );
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    Body { kind, bytes: bytes.into_bytes() }
}

/// What is to be said when a program does not take the administrator's password.
fn wrong_password(subject: &Subject<'_>) -> String {
    let user = subject.login.as_ref().map_or("?", |login| login.user.as_str());
    format!(
        "{} does not take the password of `{user}`: the one in the manifest is not the one that its data was made with. Put the old one back, or set the new one there as well, with the program's own tools in `docker exec -it {} bash`",
        subject.unit.name, subject.unit.spec.name
    )
}

/// The text with each secret of the stack covered: a program may repeat what it was sent.
fn covered(mut text: String, subject: &Subject<'_>, secrets: &Secrets) -> String {
    for component in subject.stack.components.keys() {
        for (_, value) in secrets.of(component) {
            if let Ok(value) = str::from_utf8(value)
                && value.len() > 3
            {
                text = text.replace(value, "••••••");
            }
        }
    }
    text
}
