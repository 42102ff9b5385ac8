//! Reads a stream of server-sent events, as far as a relay needs them.

/// A stream that has come in pieces.
#[derive(Default)]
pub(super) struct Reader {
    line: Vec<u8>,
    id: Option<String>,
    news: bool,
}

/// A line longer than this is no message of ours.
const LINE_BYTES_MAX: usize = 64 << 10;

/// A line was longer than the limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Reader {
    /// Takes the next piece, and says whether it completes a message with data. Others only move the place.
    pub(super) fn read(&mut self, piece: &[u8]) -> Result<bool, TooLong> {
        let mut told = false;
        for byte in piece {
            match byte {
                b'\n' => told |= self.line_ended(),
                b'\r' => {}
                _ if self.line.len() >= LINE_BYTES_MAX => return Err(TooLong),
                _ => self.line.push(*byte),
            }
        }
        Ok(told)
    }

    /// True if the line ends a message with data.
    fn line_ended(&mut self) -> bool {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        match field {
            "" if line.is_empty() => return std::mem::take(&mut self.news),
            "id" => self.id = Some(value.trim_start().to_owned()),
            "data" => self.news = true,
            _ => {}
        }
        false
    }

    /// The last id that was seen.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_however_they_are_cut() {
        let stream = b":\n\nid: 1\nretry: 1000\n\nid: 2\nevent: message\ndata: {}\n\ndata: x\r\n\r\n";
        for size in 1..=stream.len() {
            let mut reader = Reader::default();
            let told = stream.chunks(size).filter(|piece| reader.read(piece).unwrap()).count();
            assert!((1..=2).contains(&told), "in pieces of {size}");
            assert_eq!(reader.id(), Some("2"));
        }
    }

    #[test]
    fn comments_and_places_are_no_news() {
        let mut reader = Reader::default();
        assert_eq!(reader.read(b":\n\n: still here\n\nid: 7\nretry: 1000\n\n"), Ok(false));
        assert_eq!(reader.id(), Some("7"));
        assert_eq!(reader.read(b"data: x\n"), Ok(false));
        assert_eq!(reader.read(b"\n"), Ok(true));
        assert_eq!(reader.read(b"\n"), Ok(false));
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut reader = Reader::default();
        assert!(reader.read(&vec![b'x'; LINE_BYTES_MAX]).is_ok());
        assert_eq!(reader.read(b"x"), Err(TooLong));
    }
}
