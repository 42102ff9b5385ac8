//! Runs of ICMP checks: echo requests (RFC 792; RFC 4443, section 4), one after the other.
//!
//! They leave by a datagram socket, which Linux grants to the groups of `net.ipv4.ping_group_range`, or else by a raw one,
//! which needs `CAP_NET_RAW`. Where the system grants neither nothing can be said of the host.

use std::{
    io,
    net::{IpAddr, UdpSocket as BlockingSocket},
    os::fd::OwnedFd,
    time::Duration,
};

use checks::{IcmpCheck, Phase, hold};
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use rustix::{
    io::{Errno, FdFlags, fcntl_setfd},
    net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with},
};
use tokio::{
    net::UdpSocket,
    time::{Instant, timeout_at},
};

use crate::{
    Client,
    exchange::{Fault, dial},
    run::{Verdict, millis},
    trace::Trace,
    values::NoRandom,
};

/// The next request leaves when the one before it was answered, and after this at the latest.
const NEXT_AFTER: Duration = Duration::from_secs(1);
/// So long the last answer is waited for.
const LAST_WAIT: Duration = Duration::from_secs(2);
/// The longest packet that is read: a header of IPv4 with all its options, ours, and the largest payload of a check.
const PACKET_BYTES: usize = 60 + HEADER_BYTES + 1_400;
/// An echo's own header.
const HEADER_BYTES: usize = 8;

/// What came of the requests of one run.
#[derive(Default)]
struct Echoes {
    /// When each was sent; none if it could not be.
    sent: Vec<Option<Instant>>,
    /// How long each answer took, in the order of the requests.
    round_trips: Vec<Option<Duration>>,
    /// What the system said last.
    error: Option<io::Error>,
}

impl Client {
    /// `limit` is when the run is cut off.
    pub(crate) async fn run_icmp(&self, check: &IcmpCheck, limit: Instant, trace: &mut Trace) -> Verdict {
        trace.hop(format!("ping {}", check.host), check.host.clone());
        let echoes = match self.ping(check, limit, trace).await {
            Ok(echoes) => echoes,
            Err(fault) => return fault.into(),
        };
        let answered: Vec<Duration> = echoes.round_trips.iter().flatten().copied().collect();
        trace.body = echoes.in_words(&answered).into_bytes();
        let count = echoes.sent.len();
        let Some(average) = average(&answered) else {
            let why = echoes.error.map_or_else(String::new, |error| format!(": {error}"));
            let requests =
                if count == 1 { "the echo request was not answered" } else { "no echo request was answered" };
            return Verdict::Bad(format!("{requests}{why}"));
        };
        trace.took(Phase::Processing, average);
        trace.round_trip = Some(average);
        let mut observed = trace.observed(0, millis(average), Timestamp::now());
        let lost = count.saturating_sub(answered.len()) * 100 / count.max(1);
        observed.loss = u8::try_from(lost).ok();
        match hold(&check.assertions, &observed) {
            Ok(()) => Verdict::Good,
            Err(why) => Verdict::Bad(why),
        }
    }

    async fn ping(&self, check: &IcmpCheck, limit: Instant, trace: &mut Trace) -> Result<Echoes, Fault> {
        let begun = Instant::now();
        let addresses = dial::resolve(&check.host, check.ip, self.policy, trace).await?;
        let mut last = None;
        for address in addresses {
            match Socket::open(address).await {
                Ok(socket) => return socket.ask(check, begun, limit, trace).await,
                // There is no way to this address from here; there may be one to another.
                Err(Fault::Connect(why)) => last = Some(Fault::Connect(why)),
                Err(fault) => return Err(fault),
            }
        }
        Err(last.unwrap_or_else(|| Fault::NoAddress(check.host.clone(), "")))
    }
}

impl Echoes {
    /// As `ping` sums it up.
    fn in_words(&self, answered: &[Duration]) -> String {
        let (sent, heard) = (self.sent.len(), answered.len());
        let lost = sent.saturating_sub(heard) * 100 / sent.max(1);
        let counted = format!("{sent} sent, {heard} answered, {lost} % lost");
        let ms = |time: Duration| format!("{:.3}", time.as_secs_f64() * 1e3);
        match (answered.iter().min(), average(answered), answered.iter().max()) {
            (Some(min), Some(average), Some(max)) => {
                format!("{counted}; round trip min/avg/max {}/{}/{} ms", ms(*min), ms(average), ms(*max))
            }
            _ => counted,
        }
    }
}

fn average(times: &[Duration]) -> Option<Duration> {
    let count = u32::try_from(times.len()).ok().filter(|count| *count > 0)?;
    Some(times.iter().sum::<Duration>() / count)
}

/// A socket for echoes with one host.
struct Socket {
    socket: UdpSocket,
    address: IpAddr,
    /// What tells our echoes from others'; the kernel's own choice on a datagram socket.
    ident: Option<u16>,
}

impl Socket {
    async fn open(address: IpAddr) -> Result<Self, Fault> {
        let cant = |error: io::Error| Fault::Connect(error.to_string());
        let (fd, is_raw) = granted(address)?;
        let mut ident = [0_u8; 2];
        SystemRandom::new().fill(&mut ident).map_err(|_| NoRandom)?;
        // To whoever sends and receives on it the system's socket for echoes is like one for UDP.
        let socket = BlockingSocket::from(fd);
        socket.set_nonblocking(true).map_err(cant)?;
        let socket = UdpSocket::from_std(socket).map_err(cant)?;
        // A raw socket would hear what all the world sends; this one hears its host alone.
        socket.connect((address, 0)).await.map_err(cant)?;
        Ok(Self { socket, address, ident: is_raw.then_some(u16::from_be_bytes(ident)) })
    }

    /// Sends the check's requests and waits for their answers. What was sent or heard so far is never lost to an error:
    /// the next request may fare better.
    async fn ask(&self, check: &IcmpCheck, begun: Instant, limit: Instant, trace: &mut Trace) -> Result<Echoes, Fault> {
        let share = limit.saturating_duration_since(begun) / (u32::from(check.count) + 2);
        let mut payload = vec![0; usize::from(check.payload_bytes)];
        SystemRandom::new().fill(&mut payload).map_err(|_| NoRandom)?;
        let mut echoes = Echoes::default();
        for sequence in 0..u16::from(check.count) {
            let now = Instant::now();
            let sent = self.socket.send(&request(self.address, self.ident, sequence, &payload)).await;
            echoes.round_trips.push(None);
            match sent {
                Ok(_) => echoes.sent.push(Some(now)),
                Err(error) => {
                    echoes.sent.push(None);
                    echoes.error = Some(error);
                    continue;
                }
            }
            let is_last = sequence + 1 == u16::from(check.count);
            let until = if is_last { (now + LAST_WAIT).min(limit - share) } else { now + share.min(NEXT_AFTER) };
            // Until it is answered, its time is over, or the system has heard of its fate. Who answers late is heard too.
            while echoes.round_trips.last().is_some_and(Option::is_none) {
                match timeout_at(until, self.hear(&payload)).await {
                    Err(_) => break,
                    Ok(Err(error)) => {
                        echoes.error = Some(error);
                        break;
                    }
                    Ok(Ok((sequence, at))) => {
                        let sent = echoes.sent.get(usize::from(sequence)).copied().flatten();
                        if let (Some(sent), Some(heard @ None)) =
                            (sent, echoes.round_trips.get_mut(usize::from(sequence)))
                        {
                            *heard = Some(at.saturating_duration_since(sent));
                            trace.connected(self.address.to_string());
                        }
                    }
                }
            }
        }
        Ok(echoes)
    }

    /// The number of the next request that is answered, and when.
    async fn hear(&self, payload: &[u8]) -> io::Result<(u16, Instant)> {
        let mut buffer = [0_u8; PACKET_BYTES];
        loop {
            let (length, from) = self.socket.recv_from(&mut buffer).await?;
            let now = Instant::now();
            let packet = buffer.get(..length).unwrap_or_default();
            if let Some(reply) = Reply::read(packet, self.address.is_ipv6())
                && from.ip() == self.address
                && self.ident.is_none_or(|ident| ident == reply.ident)
                && reply.payload == payload
            {
                return Ok((reply.sequence, now));
            }
        }
    }
}

/// A socket for echoes as far as the system grants one, and whether it is raw.
fn granted(address: IpAddr) -> Result<(OwnedFd, bool), Fault> {
    let (family, protocol) = match address {
        IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP),
        IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6),
    };
    let open = |sort| {
        let fd = socket_with(family, sort, SocketFlags::empty(), Some(protocol))?;
        fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
        Ok::<_, Errno>(fd)
    };
    if let Ok(fd) = open(SocketType::DGRAM) {
        return Ok((fd, false));
    }
    match open(SocketType::RAW) {
        Ok(fd) => Ok((fd, true)),
        Err(Errno::PERM | Errno::ACCESS) => Err(Fault::Unable(NOT_GRANTED.to_owned())),
        Err(error) => Err(Fault::Connect(io::Error::from(error).to_string())),
    }
}

/// What the operator of a probe is told that may not ping.
const NOT_GRANTED: &str = "this probe may not send echo requests: on its machine, let its group do so (sysctl -w \
                           net.ipv4.ping_group_range=\"0 2147483647\"), or give the program CAP_NET_RAW (in a unit of \
                           systemd: AmbientCapabilities=CAP_NET_RAW)";

/// An echo request. The checksum of ICMPv6 covers addresses that only the kernel knows; it is the kernel's to fill in.
fn request(address: IpAddr, ident: Option<u16>, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let sort = if address.is_ipv6() { 128 } else { 8 };
    let mut packet = vec![sort, 0, 0, 0];
    packet.extend(ident.unwrap_or(0).to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.extend(payload);
    if address.is_ipv4() {
        let sum = checksum(&packet).to_be_bytes();
        packet.splice(2..4, sum);
    }
    packet
}

/// The ones' complement of the ones' complement sum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        [high] => u16::from_be_bytes([*high, 0]),
        _ => 0,
    });
    let sum = words.fold(0_u16, |sum, word| {
        let (sum, carried) = sum.overflowing_add(word);
        sum + u16::from(carried)
    });
    !sum
}

/// An echo's answer.
#[derive(Debug, PartialEq, Eq)]
struct Reply<'a> {
    ident: u16,
    sequence: u16,
    payload: &'a [u8],
}

impl<'a> Reply<'a> {
    /// Reads a packet; none if it is no echo's answer. Raw sockets of IPv4 give the packet with its header (RFC 791,
    /// section 3.1), and so do macOS's datagram ones.
    fn read(packet: &'a [u8], is_v6: bool) -> Option<Self> {
        let message = match packet.first() {
            Some(first) if !is_v6 && first >> 4 == 4 => packet.get(usize::from(first & 0xf) * 4..)?,
            Some(_) | None => packet,
        };
        let (header, payload) = message.split_at_checked(HEADER_BYTES)?;
        let [sort, 0, _, _, i0, i1, s0, s1] = *header else { return None };
        let is_reply = sort == if is_v6 { 129 } else { 0 };
        is_reply.then(|| Self { ident: u16::from_be_bytes([i0, i1]), sequence: u16::from_be_bytes([s0, s1]), payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_rfc_1071() {
        // The example of section 3: the sum is 0xddf2.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        let packet = request("192.0.2.1".parse().unwrap(), Some(7), 1, b"odd");
        assert_eq!(checksum(&packet), 0, "a packet with its checksum sums up to nothing");
    }

    #[test]
    fn answers_are_read_with_and_without_the_header_of_ip_and_nothing_else_is_one() {
        let reply = Reply { ident: 7, sequence: 258, payload: b"ab" };
        let bytes = [0, 0, 9, 9, 0, 7, 1, 2, b'a', b'b'];
        assert_eq!(Reply::read(&bytes, false), Some(reply));
        let raw: Vec<u8> = [0x46].into_iter().chain([0; 23]).chain(bytes).collect();
        assert_eq!(Reply::read(&raw, false).unwrap().sequence, 258);
        let v6 = [129, 0, 9, 9, 0, 7, 1, 2];
        assert_eq!(Reply::read(&v6, true).unwrap().payload, b"");
        let mut other = bytes;
        other[0] = 8;
        assert_eq!(Reply::read(&other, false), None, "a request");
        other[0] = 3;
        assert_eq!(Reply::read(&other, false), None, "unreachable");
        assert_eq!(Reply::read(&bytes[..7], false), None);
        assert_eq!(Reply::read(&[0x4f; 30], false), None, "a header that is longer than the packet");
        assert_eq!(Reply::read(&[], false), None);
    }
}
