//! The probe as a whole, on real sockets.

#[cfg(test)]
mod dns;
#[cfg(test)]
mod exec;
#[cfg(test)]
mod grpc;
#[cfg(test)]
mod icmp;
#[cfg(test)]
mod journey;
#[cfg(test)]
mod run;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod websocket;
