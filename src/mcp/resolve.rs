//! A host's name to addresses, by `/etc/hosts` and the name servers of `/etc/resolv.conf`. The C
//! library is not asked, for mcpmon's own image has none.

use std::net::{IpAddr, SocketAddr};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolverConfig;
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use super::fault::Fault;
use super::report::Reason;
use super::text::{MESSAGE, clean};

/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// The addresses of a name, in the order in which they are tried.
pub(super) async fn addresses(name: &str, port: u16) -> Result<Vec<SocketAddr>, Fault> {
    let fault = |why: String| Fault::new(Reason::Dns, format!("{name} has no address: {why}"));
    let (resolver, unread) = resolver().map_err(fault)?;
    let found = resolver.lookup_ip(name).await.map_err(|error| {
        fault(match unread {
            Some(unread) => format!("not in /etc/hosts, and /etc/resolv.conf: {unread}"),
            None if error.is_nx_domain() => "no such name".to_owned(),
            None if error.is_no_records_found() => "the name exists without one".to_owned(),
            None => clean(&error.to_string(), MESSAGE),
        })
    })?;
    let addresses: Vec<IpAddr> = found.iter().collect();
    Ok(by_turns(&addresses).map(|ip| SocketAddr::new(ip, port)).take(MAX_ADDRESSES).collect())
}

/// A resolver that remembers nothing, for the answer of now is what is asked for; and why there are no
/// name servers.
fn resolver() -> Result<(TokioResolver, Option<String>), String> {
    let (mut builder, unread) = match TokioResolver::builder_tokio() {
        Ok(builder) => (builder, None),
        Err(error) => {
            let none = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
            let builder = TokioResolver::builder_with_config(none, TokioRuntimeProvider::default());
            (builder, Some(clean(&error.to_string(), MESSAGE)))
        }
    };
    builder.options_mut().cache_size = 0;
    let resolver = builder.build().map_err(|error| clean(&error.to_string(), MESSAGE))?;
    Ok((resolver, unread))
}

/// The families by turns, so that one without a route does not take all the time.
fn by_turns(addresses: &[IpAddr]) -> impl Iterator<Item = IpAddr> {
    let first_is_v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (one, other): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().partition(|address| address.is_ipv6() == first_is_v6);
    let pairs = one.len().max(other.len());
    (0..pairs).flat_map(move |at| [one.get(at).copied(), other.get(at).copied()]).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let ips: Vec<IpAddr> =
            ["::1", "::2", "::3", "10.0.0.1"].iter().map(|ip| ip.parse().unwrap()).collect();
        let turned: Vec<String> = by_turns(&ips).map(|ip| ip.to_string()).collect();
        assert_eq!(turned, ["::1", "10.0.0.1", "::2", "::3"]);
    }
}
