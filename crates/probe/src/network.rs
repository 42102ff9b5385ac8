//! Runs of TCP and TLS checks.

use checks::{Exchange, IpVersion, Phase, StartTls, TcpCheck, TlsCheck, hold, pattern};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    Client,
    exchange::{Fault, dial, line::Lines},
    run::{Verdict, millis_since},
    trace::{Trace, days_left},
};

/// Of a pattern's groups, these may be named in what is said.
const GROUPS: usize = 9;

/// What is said before TLS begins: a line to send, how the last line of the answer is known, and what it must begin
/// with.
type Opening = (Option<&'static str>, fn(&str) -> bool, &'static str);

impl Client {
    pub(crate) async fn run_tcp(&self, check: &TcpCheck, trace: &mut Trace) -> Verdict {
        let started = Instant::now();
        trace.hop(format!("TCP {}", check.address), check.address.clone());
        if let Err(fault) = self.talk(check, trace).await {
            return fault.into();
        }
        trace.end();
        match hold(&check.assertions, &trace.observed(0, millis_since(started), Timestamp::now())) {
            Ok(()) => Verdict::Good,
            Err(why) => Verdict::Bad(why),
        }
    }

    async fn talk(&self, check: &TcpCheck, trace: &mut Trace) -> Result<(), Fault> {
        let (host, port) = host_and_port(&check.address)?;
        let mut lines = Lines::new(dial::connect(host, port, check.ip, self.policy, trace).await?);
        if let Some(options) = &check.tls
            && !check.dialogue.iter().any(|exchange| exchange.starttls)
        {
            lines = lines.begin_tls(&self.tls, host, options, trace).await?;
        }
        for exchange in &check.dialogue {
            trace.begin(Phase::Transfer);
            say(&mut lines, exchange, trace).await?;
            if exchange.starttls {
                let options = check.tls.clone().unwrap_or_default();
                lines = lines.begin_tls(&self.tls, host, &options, trace).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn run_tls(&self, check: &TlsCheck, trace: &mut Trace) -> Verdict {
        let started = Instant::now();
        trace.hop(format!("TLS {}", check.address), check.address.clone());
        if let Err(fault) = self.shake(check, trace).await {
            return fault.into();
        }
        trace.end();
        let now = Timestamp::now();
        if let Some(certificate) = trace.certificate() {
            let left = days_left(&certificate, now);
            if left < i64::from(check.days_left) {
                return Verdict::Bad(format!(
                    "the first certificate of the chain ends in {left} days, at {}; at least {} days are wanted",
                    certificate.chain_ends, check.days_left
                ));
            }
        } else {
            return Verdict::Bad("the certificate can't be read".to_owned());
        }
        match hold(&check.assertions, &trace.observed(0, millis_since(started), now)) {
            Ok(()) => Verdict::Good,
            Err(why) => Verdict::Bad(why),
        }
    }

    async fn shake(&self, check: &TlsCheck, trace: &mut Trace) -> Result<(), Fault> {
        let (host, port) = host_and_port(&check.address)?;
        let mut lines = Lines::new(dial::connect(host, port, IpVersion::Any, self.policy, trace).await?);
        trace.begin(Phase::Processing);
        for (said, is_last, good) in check.starttls.map_or(&[][..], opening) {
            if let Some(said) = said {
                lines.say(said).await?;
            }
            let answer = loop {
                match lines.read(trace).await? {
                    Some(line) if is_last(&line) => break line,
                    Some(_) => {}
                    None => return Err(Fault::BrokeOff("the server hung up before TLS began".to_owned())),
                }
            };
            if !answer.starts_with(good) {
                return Err(Fault::Connect(format!("the server doesn't begin TLS: {answer}")));
            }
        }
        lines.begin_tls(&self.tls, host, &check.tls, trace).await.map(drop)
    }
}

/// How TLS begins in this protocol.
fn opening(protocol: StartTls) -> &'static [Opening] {
    // RFC 5321, section 4.2: the last line of an answer has a space after its code.
    const SMTP: fn(&str) -> bool = |line| line.as_bytes().get(3) != Some(&b'-');
    match protocol {
        StartTls::Smtp => {
            &[(None, SMTP, "220"), (Some("EHLO check.mainstay.invalid"), SMTP, "250"), (Some("STARTTLS"), SMTP, "220")]
        }
        StartTls::Imap => &[(None, |_| true, "* OK"), (Some("a STARTTLS"), |line| line.starts_with("a "), "a OK")],
        StartTls::Pop3 => &[(None, |_| true, "+OK"), (Some("STLS"), |_| true, "+OK")],
    }
}

/// One part of a dialogue: waits for a line that matches, and says what follows it.
async fn say(lines: &mut Lines, exchange: &Exchange, trace: &mut Trace) -> Result<(), Fault> {
    let mut groups = Vec::new();
    if let Some(text) = &exchange.expect {
        let wanted = pattern(text).map_err(Fault::Request)?;
        groups = loop {
            let Some(line) = lines.read(trace).await? else {
                return Err(Fault::BrokeOff(format!("the server hung up before a line matched \"{text}\"")));
            };
            if let Some(found) = wanted.captures(&line) {
                let text = |group: Option<regex::Match<'_>>| group.map_or("", |group| group.as_str()).to_owned();
                break found.iter().take(GROUPS + 1).map(text).collect();
            }
        };
    }
    match &exchange.send {
        Some(line) => lines.say(&with_groups(line, &groups)).await,
        None => Ok(()),
    }
}

/// `${1}` to `${9}` are the groups; what isn't there stays as it is.
fn with_groups(line: &str, groups: &[String]) -> String {
    let mut filled = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        let named =
            after.split_once('}').and_then(|(name, after)| Some((groups.get(name.parse::<usize>().ok()?)?, after)));
        match named {
            Some((group, after)) => {
                filled.push_str(group);
                rest = after;
            }
            None => {
                filled.push_str("${");
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// The parts of `host:port`.
pub(crate) fn host_and_port(address: &str) -> Result<(&str, u16), Fault> {
    let split = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    split.ok_or_else(|| Fault::Address(format!("{address} has no port")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_names_the_groups_of_what_was_heard() {
        let groups = ["PING :abc".to_owned(), "abc".to_owned()];
        let check = |line: &str, expected: &str| assert_eq!(with_groups(line, &groups), expected);
        check("PONG ${1}", "PONG abc");
        check("${2} ${x} ${", "${2} ${x} ${");
        check("${1}${1}$", "abcabc$");
    }
}
