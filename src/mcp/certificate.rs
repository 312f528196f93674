//! When a certificate ends, read from its bytes.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use yasna::models::TaggedDerValue;
use yasna::tags::TAG_UTCTIME;
use yasna::{ASN1Result, BERReader};

/// The last second of a certificate in DER, since 1970. None if it is no certificate.
pub(super) fn not_after(certificate: &[u8]) -> Option<i64> {
    let fields = yasna::parse_der(certificate, |reader| {
        reader.read_sequence(|parts| {
            let fields = parts.next().read_sequence(|fields| {
                let mut found = Vec::new();
                while let Some(field) = fields.read_optional(whole)? {
                    found.push(field);
                }
                Ok(found)
            })?;
            let _algorithm = parts.next().read_der()?;
            let _signature = parts.next().read_der()?;
            Ok(fields)
        })
    });
    let fields = fields.ok()?;
    // The version in front is not there in certificates of version 1; then number, algorithm, issuer.
    let has_version = fields.first()?.first() == Some(&0xa0);
    let validity = fields.get(3 + usize::from(has_version))?;
    seconds(&yasna::parse_der(validity, end_of_validity).ok()?)
}

fn whole(field: BERReader<'_, '_>) -> ASN1Result<Vec<u8>> {
    field.read_der()
}

fn end_of_validity(reader: BERReader<'_, '_>) -> ASN1Result<TaggedDerValue> {
    reader.read_sequence(|moments| {
        let _begin = moments.next().read_der()?;
        moments.next().read_tagged_der()
    })
}

/// `261120100508Z` or `20261120100508Z`.
fn seconds(moment: &TaggedDerValue) -> Option<i64> {
    let text = std::str::from_utf8(moment.value()).ok()?.strip_suffix('Z')?;
    let is_short = moment.tag() == TAG_UTCTIME;
    let (year, rest) = text.split_at_checked(if is_short { 2 } else { 4 })?;
    let year: i16 = year.parse().ok()?;
    let year = match (is_short, year) {
        (true, 0..50) => 2000 + year,
        (true, _) => 1900 + year,
        (false, _) => year,
    };
    let mut pairs = (0..5).map(|at| rest.get(at * 2..at * 2 + 2)?.parse::<i8>().ok());
    let mut pair = || pairs.next().flatten();
    let date = DateTime::new(year, pair()?, pair()?, pair()?, pair()?, pair()?, 0).ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::not_after;

    fn certificate(year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 3, 4);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn both_ways_to_write_a_year_are_read() {
        assert_eq!(not_after(&certificate(2030)), Some(1_898_812_800));
        assert_eq!(not_after(&certificate(2049)), Some(2_498_428_800));
        assert_eq!(not_after(&certificate(2050)), Some(2_529_964_800));
        assert_eq!(not_after(&certificate(1999)), Some(920_505_600));
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let whole = certificate(2030);
        for end in 0..whole.len() {
            assert_eq!(not_after(&whole[..end]), None);
        }
    }
}
