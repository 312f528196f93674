//! Whom to ask and where to read on, for the page of runbooks and above the dashboards.

use std::fmt::Write as _;

use crate::stack::Stack;

/// A paragraph for each, in Markdown; nothing where the manifest names nobody and nothing.
pub fn markdown(stack: &Stack) -> String {
    let mut out = String::new();
    if !stack.contacts.is_empty() {
        out.push_str("\n**Whom to ask**\n\n");
    }
    for (name, contact) in &stack.contacts {
        let email = contact.email.as_ref().map(|email| format!("[{email}](mailto:{email})"));
        let page = contact.url.as_ref().map(|url| format!("<{url}>"));
        let ways: Vec<String> = email.into_iter().chain(page).collect();
        let _ = writeln!(out, "- {name}: {}", ways.join(", "));
    }
    if !stack.links.is_empty() {
        out.push_str("\n**Where to read on**\n\n");
    }
    for (title, link) in &stack.links {
        let _ = writeln!(out, "- [{title}](<{link}>)");
    }
    out
}

/// The same as titles and addresses that Grafana takes as they are.
pub fn links(stack: &Stack) -> Vec<(String, String)> {
    let mut links = Vec::new();
    for (name, contact) in &stack.contacts {
        let email = contact.email.as_ref();
        links.extend(email.map(|email| (format!("Mail {name}"), format!("mailto:{email}"))));
        let page = contact.url.as_ref();
        links.extend(page.map(|url| (format!("Ask {name}"), plain(&url.to_string()))));
    }
    links.extend(
        stack.links.iter().map(|(title, link)| (title.to_string(), plain(&link.to_string()))),
    );
    links
}

/// An address without what would begin a variable in Grafana.
fn plain(url: &str) -> String {
    url.replace('$', "%24").replace("[[", "%5B%5B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_holds_a_variable_of_grafana() {
        assert_eq!(plain("https://a.example/?q=$b&c=${d}"), "https://a.example/?q=%24b&c=%24{d}");
        assert_eq!(plain("https://a.example/?q=[[b]]"), "https://a.example/?q=%5B%5Bb]]");
    }
}
