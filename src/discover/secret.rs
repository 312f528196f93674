//! What must not be written down: by its name, and by what it looks like. Rather one too many: a file that need not
//! have been secret costs a moment, a token in a repository costs more.

use crate::stack::looks_secret;

/// Beginnings that issuers give their tokens.
const BEGINNINGS: [&str; 34] = [
    "sk-",
    "sk_",
    "pk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "eyJ",
    "npm_",
    "pypi-",
    "hf_",
    "figd_",
    "lin_api_",
    "ntn_",
    "dop_v1_",
    "SG.",
    "shpat_",
    "shpss_",
    "tvly-",
    "ctx7sk",
    "pplx-",
];
/// Shortest token that has one of these beginnings.
const SHORTEST: usize = 12;

/// Whether a name says that its value is a secret.
pub fn name_is_secret(name: &str) -> bool {
    let name = name.trim_start_matches('-').replace('-', "_").to_uppercase();
    let ends = ["_KEY", "_PAT", "_DSN", "_PASS", "_AUTH", "_SIG", "_COOKIE", "_WEBHOOK"];
    let whole = ["KEY", "PAT", "DSN", "PASS", "AUTH", "SIG", "COOKIE", "CODE"];
    let parts = ["AUTHORIZATION", "BEARER", "CONNECTION_STRING", "ACCESSKEY", "SUBSCRIPTION_KEY"];
    looks_secret(&name)
        || ends.iter().any(|end| name.ends_with(end))
        || whole.contains(&name.as_str())
        || parts.iter().any(|part| name.contains(part))
}

/// Whether a value is a number or a switch, which no secret is.
pub fn is_harmless(value: &str) -> bool {
    value.parse::<f64>().is_ok() || matches!(value, "true" | "false")
}

/// Whether a value looks like a credential, or holds one.
pub fn value_is_secret(value: &str) -> bool {
    if value.contains("Bearer ")
        || value.starts_with("Basic ")
        || value.contains("-----BEGIN")
        || has_login(value)
    {
        return true;
    }
    value.split([' ', '\t', '\n', '=', ',', ';', ':', '"', '\'', '?', '&', '/']).any(|word| {
        let word = word.trim_start_matches('-');
        word.len() >= SHORTEST && BEGINNINGS.iter().any(|begin| word.starts_with(begin))
            || word.split(['-', '_', '.', '@', '~']).any(is_opaque)
            || is_opaque(word)
    })
}

/// Whether a part of an address is one that only its owner knows.
pub fn segment_is_secret(segment: &str) -> bool {
    value_is_secret(segment) || is_uuid(segment)
}

/// `user:password@` in a URL.
fn has_login(value: &str) -> bool {
    value.match_indices("://").any(|(at, separator)| {
        let host = value.get(at + separator.len()..).unwrap_or_default();
        let host = host.split(['/', ' ', '"', '\'']).next().unwrap_or_default();
        host.rsplit_once('@').is_some_and(|(login, _)| login.contains(':'))
    })
}

/// Whether a word is one that nobody can pronounce: digits and letters that take turns.
fn is_opaque(word: &str) -> bool {
    let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+');
    if word.len() < 16 || !word.chars().all(token) {
        return false;
    }
    let kind = |c: char| match c {
        '0'..='9' => 0,
        'a'..='z' => 1,
        'A'..='Z' => 2,
        _ => 3,
    };
    // Words with dashes between them are read piece by piece.
    if word.contains(['-', '_']) && word.split(['-', '_']).all(|piece| piece.len() <= 12) {
        return false;
    }
    let kinds: Vec<u8> = word.chars().map(kind).collect();
    let turns = kinds.windows(2).filter(|pair| pair.first() != pair.last()).count();
    let digits = kinds.contains(&0);
    digits && turns >= 4 || word.len() >= 32 && turns >= 10
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [
            "GITHUB_TOKEN",
            "API_KEY",
            "Authorization",
            "X-Api-Key",
            "x-goog-api-key",
            "DB_PASSWORD",
            "SENTRY_DSN",
            "--api-key",
            "OPENAI_KEY",
            "GITLAB_PAT",
            "Cookie",
            "key",
            "--access-token",
        ] {
            assert!(name_is_secret(name), "{name}");
        }
        for name in ["LOG_LEVEL", "PORT", "KEYBOARD", "API_KEY_FILE", "PATH", "AUTHOR", "X-Tenant"]
        {
            assert!(!name_is_secret(name), "{name}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_looks() {
        for value in [
            "sk-proj-Zb3k9QmX7rT2",
            "Bearer x",
            "ghp_0123456789abcdef0123",
            "xoxb-1234567890-x",
            "postgres://me:hunter2@db/app",
            "a8f5f167f44f4964e6c998dee827110c",
            "eyJhbGciOiJIUzI1NiJ9.e30.x",
            "--header=Authorization: Bearer x1",
            "https://a.example.org/mcp?k=Zk3Qp9Xw2Lm8Rt5V",
            "pre_Zk3Qp9Xw2Lm8Rt5VbN",
        ] {
            assert!(value_is_secret(value), "{value}");
        }
        for value in [
            "@modelcontextprotocol/server-filesystem",
            "claude-3-5-sonnet-20241022",
            "/home/me/notes",
            "mcp-remote@0.1.29",
            "https://mcp.example.org/v1/mcp",
            "2025-11-25",
            "info",
            "",
            "git+https://github.com/acme/server-with-a-long-name",
            "postgres://db/app",
            "550e8400-e29b-41d4-a716-446655440000",
            "--transport=streamable-http",
            "us-east-1",
        ] {
            assert!(!value_is_secret(value), "{value}");
        }
        assert!(segment_is_secret("550e8400-e29b-41d4-a716-446655440000"));
    }
}
