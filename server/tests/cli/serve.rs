//! `tillkeeper serve` and `healthcheck`

use crate::support::Place;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const LISTEN: &str = "TILLKEEPER_LISTEN";

/// An address whose port nobody has just now.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

#[test]
fn port_0_takes_a_free_one_and_says_which() {
    let place = Place::new().with(LISTEN, "127.0.0.1:0");
    let served = place.serve();
    assert!(!served.address.ends_with(":0"), "{}", served.address);
    let mut stream = TcpStream::connect(&served.address).unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(place.run(&["healthcheck"]).wrong_use().contains("has port 0"));
}

/// What the server answers to a request that ends the connection.
fn answer(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_first_administrator_is_made_by_a_link_that_is_printed() {
    let place = Place::new().with(LISTEN, "127.0.0.1:0");
    let mut served = place.serve();
    assert!(
        served
            .line()
            .starts_with("There is no user yet. Open this link within 24 hours")
    );
    let link = served.line();
    let path = link.strip_prefix(&format!("http://{}", served.address)).unwrap();
    let token = path.strip_prefix("/welcome/").unwrap();
    let get = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
    assert!(answer(&served.address, &get).starts_with("HTTP/1.1 200 "));
    let form = format!("token={token}&login=boss&password=correct+horse+42&password_again=correct+horse+42");
    let post = format!(
        "POST /actions/welcome HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let made = answer(&served.address, &post);
    assert!(made.contains("location: /sign-in?login=boss"), "{made}");
    assert!(
        answer(&served.address, &get).starts_with("HTTP/1.1 404 "),
        "it works once"
    );
    assert_eq!(
        place.run(&["user", "list"]).done(),
        "boss\tplatform_admin\t-\tactive\tboss\n"
    );
    served.signal("TERM");
    served.ended_within(Duration::from_secs(9));
    drop(served);
    // With a user, no link is printed: the output ends after the address.
    let mut served = place.serve();
    served.signal("TERM");
    assert_eq!(served.line(), "");
}

#[test]
fn a_health_check_tells_whether_it_is_ready() {
    let address = free_address();
    let place = Place::new().with(LISTEN, &address);
    let err = place.run(&["healthcheck"]).failed();
    assert!(
        err.contains(&format!("the server on {address} cannot be reached")),
        "{err}"
    );
    let _served = place.serve();
    assert_eq!(place.run(&["healthcheck"]).done(), "");
}

#[test]
fn a_port_that_is_taken_is_told_in_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = Place::new()
        .with(LISTEN, &address)
        .with("TILLKEEPER_LOG", "error")
        .run(&["serve"]);
    assert_eq!(
        run.failed(),
        format!(
            "tillkeeper: another program listens on {address} already; set TILLKEEPER_LISTEN to another port, or stop it.\n"
        )
    );
}

#[test]
fn it_stops_when_it_is_told_to() {
    for signal in ["TERM", "INT"] {
        let mut served = Place::new().with(LISTEN, "127.0.0.1:0").serve();
        // A connection on which nothing is asked does not hold it up.
        let _idle = TcpStream::connect(&served.address).unwrap();
        served.signal(signal);
        assert_eq!(served.ended_within(Duration::from_secs(9)).code(), Some(0), "{signal}");
    }
}

#[test]
fn a_head_that_never_ends_is_cut_off() {
    let served = Place::new().with(LISTEN, "127.0.0.1:0").serve();
    let mut stream = TcpStream::connect(&served.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}
