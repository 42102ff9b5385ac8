//! The probe as a whole, on real sockets.

#[cfg(test)]
mod kinds;
mod run;
#[cfg(test)]
mod server;
