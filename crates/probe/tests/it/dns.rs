//! Runs against a name server that knows one name.

use checks::{CheckDefinition, Outcome};
use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{RData, Record, rdata::A},
};
use probe::{AddressPolicy, Client};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
};

/// The answer. Over UDP what is asked of `long` doesn't fit.
fn answer(bytes: &[u8], over_udp: bool) -> Vec<u8> {
    let question = Message::from_vec(bytes).unwrap();
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    let name = question.queries[0].name().clone();
    answer.add_queries(question.queries);
    match name.to_string().as_str() {
        "shop.example." => {
            answer.add_answer(Record::from_rdata(name, 300, RData::A(A::new(203, 0, 113, 7))));
        }
        "long.example." if over_udp => answer.metadata.truncation = true,
        "long.example." => {
            answer.add_answer(Record::from_rdata(name, 60, RData::A(A::new(203, 0, 113, 8))));
        }
        _ => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    answer.to_vec().unwrap()
}

/// The server's address, for UDP and TCP.
async fn server() -> String {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let udp = UdpSocket::bind(address).await.unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = udp.recv_from(&mut buffer).await {
            // Somebody who guesses is heard first, and not believed.
            udp.send_to(&[0; 12], from).await.unwrap();
            udp.send_to(&answer(&buffer[..length], true), from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let mut question = vec![0; stream.read_u16().await.unwrap().into()];
            stream.read_exact(&mut question).await.unwrap();
            let answer = answer(&question, false);
            stream.write_u16(answer.len().try_into().unwrap()).await.unwrap();
            stream.write_all(&answer).await.unwrap();
        }
    });
    address.to_string()
}

async fn outcome(dns: Value) -> Outcome {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let spec = json!({"target": "shop", "dns": dns, "interval": "10s", "timeout": "1s"});
    let definition = CheckDefinition::from_spec("check:shop".parse().unwrap(), &spec).unwrap();
    Client::new(AddressPolicy::default()).unwrap().run_once(&definition).await.outcome
}

fn error(outcome: Outcome) -> String {
    let Outcome::Failed { evidence } = outcome else { panic!("it did not fail: {outcome:?}") };
    evidence.error
}

#[tokio::test]
async fn a_name_is_asked_for_by_udp_and_tcp_and_its_records_are_judged() {
    let server = server().await;
    let assertions = json!([{"of": "answer", "contains": "203.0.113.7"}]);
    for transport in ["udp", "tcp"] {
        let asked = json!({"server": server, "name": "shop.example", "transport": transport, "assertions": assertions});
        assert_eq!(outcome(asked).await, Outcome::Passed);
    }
    let other = json!([{"of": "answer", "contains": "203.0.113.9"}]);
    let asked = json!({"server": server, "name": "shop.example", "assertions": other});
    let error = error(outcome(asked).await);
    assert!(error.starts_with("the answer is \"shop.example. 300 IN A 203.0.113.7\""), "{error}");
}

#[tokio::test]
async fn what_does_not_fit_is_asked_for_by_tcp_and_a_missing_name_is_named_so() {
    let server = server().await;
    let assertions = json!([{"of": "answer", "contains": "203.0.113.8"}]);
    let asked = json!({"server": server, "name": "long.example", "assertions": assertions});
    assert_eq!(outcome(asked).await, Outcome::Passed);
    let gone = outcome(json!({"server": server, "name": "gone.example"})).await;
    assert_eq!(error(gone), "answered NXDOMAIN; NOERROR is wanted");
    let wanted = json!({"server": server, "name": "gone.example", "rcodes": ["NXDOMAIN"]});
    assert_eq!(outcome(wanted).await, Outcome::Passed);
    let refused = outcome(json!({"server": "169.254.169.254", "name": "shop.example"})).await;
    assert!(error(refused).contains("is never asked"));
}
