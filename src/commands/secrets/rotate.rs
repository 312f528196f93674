//! `mcpmon secrets rotate`
//!
//! Grafana reads its administrator's password when its database is made and never after: a new one
//! is set through its API, with the old one, and only then written to the file.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::super::Context;
use super::find;
use crate::apply::{self, Options};
use crate::catalog::Proof;
use crate::check::http::Body;
use crate::check::{self, Login, Subject};
use crate::exit::{Exit, Stop};
use crate::output::Mark;
use crate::{plan, start};

/// How long everything may take to become ready again.
const TIMEOUT: std::time::Duration = std::time::Duration::from_mins(2);

/// Runs the command.
pub async fn run(name: &str, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let (path, readers) = find(&project, name)?;
    let stack = &project.stack;
    let reader = context.reader().await?;
    // What runs counts, also where the file was changed already.
    let running = plan::running_secrets(&reader, stack).await?;
    let secrets = context.secrets(&project)?;
    let own = apply::self_image_reference(stack)?;
    let units = plan::wanted(stack, &project.bundle, &secrets, &own);
    let is_password = |unit: &&plan::Unit| {
        let password = unit.access.as_ref().map(|access| format!("secrets/{}", access.password));
        let grafana = matches!(unit.proof, Some(Proof::Grafana));
        grafana
            && readers
                .iter()
                .any(|s| s.component == unit.name && Some(&s.path) == password.as_ref())
    };
    let Some(unit) = units.iter().find(is_password) else {
        let message = format!(
            "mcpmon can give a new password to Grafana alone; for others: `mcpmon secrets set {name}`, then `mcpmon reload`"
        );
        return Err(Stop::new(Exit::Usage, message).into());
    };
    let subject = check::subject(&reader, unit, stack, &running).await?;
    let Some(old) = subject.login.clone() else {
        return Err(Stop::new(Exit::Failed, "Grafana does not run: `mcpmon up` starts it").into());
    };
    let new = Login { password: start::password()?, ..old.clone() };
    change(&subject, &old, &new).await?;
    prove(&subject, &new).await.map_err(|problem| {
        Stop::new(
            Exit::Failed,
            format!("Grafana took the new password and does not know it: {problem}"),
        )
    })?;
    // From here on the file is the only place that has it.
    if let Err(error) = start::private_file(&path, &format!("{}\n", new.password)) {
        change(&subject, &new, &old).await?;
        return Err(error.context("the old password was put back"));
    }
    context.printer.mark(
        Mark::Good,
        format!(
            "Grafana takes a new password of `{}`, proven; it is in {}",
            new.user,
            path.display()
        ),
    );
    let secrets = context.secrets(&project)?;
    let options = Options { only_running: true, ..Options::new("mcpmon secrets rotate", TIMEOUT) };
    apply::run(context, &project, &secrets, &options).await
}

/// Sets the password of a user in Grafana.
async fn change(subject: &Subject<'_>, old: &Login, new: &Login) -> anyhow::Result<()> {
    let failed =
        |problem: String| Stop::new(Exit::Failed, format!("{problem}; nothing was changed"));
    let user = subject.http.get(&subject.url("/api/user"), Some(old)).await.map_err(failed)?;
    let user: Json = user.good().and_then(|answer| answer.json()).map_err(failed)?;
    let id = user.get("id").and_then(Json::as_u64);
    let id =
        id.ok_or_else(|| failed("Grafana does not say who its administrator is".to_owned()))?;
    let url = subject.url(&format!("/api/admin/users/{id}/password"));
    let bytes = json!({"password": new.password}).to_string().into_bytes();
    let body = Body { kind: "application/json".to_owned(), bytes };
    let answer = subject.http.send(Method::PUT, &url, Some(old), body).await.map_err(failed)?;
    answer.good().map(drop).map_err(failed)?;
    Ok(())
}

/// Whether Grafana takes a login.
async fn prove(subject: &Subject<'_>, login: &Login) -> Result<(), String> {
    subject.http.get(&subject.url("/api/org"), Some(login)).await?.good().map(drop)
}
