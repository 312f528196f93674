//! Redirects, which are followed where they lead to the same server only.

use hyper::Method;
use url::Url;

use super::exchange::Request;
use super::fault::Fault;
use super::report::Reason;
use super::text::place;

/// Where a redirect leads, if it may be followed.
pub(super) fn redirected(request: &Request, status: u16, location: &str) -> Result<Url, Fault> {
    let refuse = |message: String| Err(Fault::new(Reason::Redirect, message));
    let from = &request.url;
    let Ok(to) = from.join(location) else {
        return refuse(format!("answered {status} with no address to go to"));
    };
    let shown = place(&to);
    if location.is_empty() {
        return refuse(format!("answered {status} without the header Location"));
    }
    if request.method != Method::GET && !matches!(status, 307 | 308) {
        return refuse(format!(
            "answered {status} to a {}, which would be asked of {shown} as a GET",
            request.method
        ));
    }
    let same_scheme = from.scheme() == to.scheme();
    let is_upgrade = from.scheme() == "http" && to.scheme() == "https";
    let same_port = from.port_or_known_default() == to.port_or_known_default();
    // Both without a port: 80 became 443.
    let same_port = same_port || is_upgrade && from.port().is_none() && to.port().is_none();
    if from.host() != to.host() || !same_port || !(same_scheme || is_upgrade) {
        return refuse(format!("answered {status}, which leads to another server: {shown}"));
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(from: &str, method: Method, status: u16, location: &str) -> Result<String, String> {
        let request = Request::new(method, &from.parse().unwrap());
        redirected(&request, status, location)
            .map(|url| url.to_string())
            .map_err(|fault| fault.message)
    }

    #[test]
    fn redirects_stay_on_the_server() {
        let from = "http://a.example/mcp";
        let post = |location| to(from, Method::POST, 307, location);
        assert_eq!(post("/mcp/").unwrap(), "http://a.example/mcp/");
        assert_eq!(post("https://a.example/mcp").unwrap(), "https://a.example/mcp");
        for elsewhere in
            ["http://b.example/mcp", "https://a.example:8443/mcp", "http://a.example:81/", "ftp:/"]
        {
            assert!(post(elsewhere).unwrap_err().contains("another server"), "{elsewhere}");
        }
        let down = to("https://a.example/", Method::POST, 308, "http://a.example/");
        assert!(down.unwrap_err().contains("another server"));
        assert!(post("").unwrap_err().contains("without the header"));
    }

    #[test]
    fn a_question_stays_a_question() {
        let from = "http://a.example/mcp";
        assert!(to(from, Method::POST, 302, "/x").unwrap_err().contains("as a GET"));
        assert_eq!(to(from, Method::GET, 302, "/x").unwrap(), "http://a.example/x");
    }
}
