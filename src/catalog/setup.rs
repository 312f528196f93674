//! What a `component.yaml` says about a program that is configured through its own API.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Whom mcpmon is to a component, and how it knows that it speaks to the right one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Setting with the authority that signed its certificate; it answers over TLS then.
    #[serde(default)]
    pub ca: Option<String>,
    /// The administrator (*template*).
    pub user: String,
    /// Setting with the administrator's password; `component.setting` where another component has it.
    pub password: String,
}

/// One thing that a program must hold, and how it is given to it. It is read first, written only
/// where it differs, and read again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it is, as people call it.
    pub name: String,
    /// It is needed only with this component.
    #[serde(default)]
    pub with: Option<String>,
    /// How it is written.
    pub write: Write,
    /// How it is read back.
    #[serde(default)]
    pub read: Option<Read>,
    /// Who must be able to log in once it is written.
    #[serde(default)]
    pub login: Option<StepLogin>,
}

/// How something is given to a program.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// `PUT` or `POST`.
    #[serde(default)]
    pub method: WriteMethod,
    /// Where to.
    pub path: String,
    /// The rendered file that is sent.
    pub body: String,
    /// Sent as the file of a form rather than as JSON.
    #[serde(default)]
    pub form: bool,
    /// Secrets that are put into the body: JSON pointer → `component.setting`.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
}

/// How something is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum WriteMethod {
    /// It is there afterwards, whatever was there before.
    #[default]
    Put,
    /// As the program takes it.
    Post,
}

/// How something is read back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// Where from; 404 says that it is not there.
    pub path: String,
    /// Where it stands in the answer, as JSON pointer.
    #[serde(default)]
    pub at: String,
    /// Only these places are compared, as JSON pointers; everything that was sent where none is named.
    #[serde(default)]
    pub compare: Vec<String>,
}

/// A user whose password must be taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepLogin {
    /// A path that tells who asks.
    pub path: String,
    /// The user.
    pub user: String,
    /// `component.setting` with the password.
    pub password: String,
}

/// What `mcpmon init` and `mcpmon secrets` make for a secret that is a file and is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generate {
    /// A random password.
    Password,
    /// A random text of 48 characters, for programs that encrypt with it.
    Key,
    /// A certificate authority of the stack's own; its private key stays beside it.
    Ca,
    /// A certificate for the component's names, signed by that authority.
    Certificate,
    /// The certificate's private key.
    PrivateKey,
}

impl Step {
    /// What the types cannot say.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.read.is_some() || self.login.is_some(),
            "setup `{}` says neither how it is read back nor who can log in then",
            self.name
        );
        let places = self.write.secrets.values().chain(self.login.as_ref().map(|l| &l.password));
        for place in places {
            anyhow::ensure!(
                place.split_once('.').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()),
                "setup `{}`: `{place}` is not written `component.setting`",
                self.name
            );
        }
        Ok(())
    }
}
