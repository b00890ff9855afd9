//! An org of Salesforce on loopback, as far as the real `sf` asks it: login, deployments by SOAP, runs of tests by the tooling API.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};

pub const RUN: &str = "707000000000001AAA";
const ORG: &str = "00D000000000001AAA";
const USER: &str = "005000000000001AAA";

/// What the org holds and does.
#[derive(Debug, Clone)]
pub struct State {
    /// Id, whether it only validates, and when it ended.
    deployments: Vec<(String, bool, Timestamp)>,
    /// The word of the run of tests.
    pub run: &'static str,
    /// How the second test ends.
    pub second: &'static str,
    /// Whether the session has ended.
    pub is_expired: bool,
}

/// The server; it lives as long as the test.
pub struct Org {
    pub address: SocketAddr,
    pub state: Arc<Mutex<State>>,
}

impl Org {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { deployments: Vec::new(), run: "Completed", second: "Pass", is_expired: false };
        let state = Arc::new(Mutex::new(state));
        let known = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let known = known.clone();
                std::thread::spawn(move || serve(&stream, &known));
            }
        });
        Self { address, state }
    }

    pub fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }
}

/// One request, one answer.
fn serve(mut stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut input = BufReader::new(stream.try_clone().ok()?);
    let (mut first, mut length) = (String::new(), 0);
    input.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        input.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (status, kind, text) = state.lock().unwrap().answer(method, target, &String::from_utf8_lossy(&body));
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all((head + &text).as_bytes()).ok()
}

type Answer = (u16, &'static str, String);

fn json_of(status: u16, value: &Value) -> Answer {
    (status, "application/json", value.to_string())
}

fn rows(rows: &[Value]) -> Answer {
    json_of(200, &json!({"size": rows.len(), "totalSize": rows.len(), "done": true, "records": rows}))
}

impl State {
    fn answer(&mut self, method: &str, target: &str, body: &str) -> Answer {
        // `sf` puts a slash behind the address of an org, and another before its path.
        let target = target.replacen("//", "/", 1);
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        if self.is_expired && !path.ends_with("/userinfo") {
            return json_of(
                401,
                &json!([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]),
            );
        }
        if path.contains("/services/Soap/m/") {
            return self.soap(body);
        }
        if query.contains("columns=") {
            return json_of(200, &json!({"columnMetadata": []}));
        }
        match path {
            "/services/oauth2/userinfo" => {
                json_of(200, &json!({"user_id": USER, "organization_id": ORG, "preferred_username": "rm@example.com"}))
            }
            "/services/data" => {
                json_of(200, &json!([{"label": "x", "url": "/services/data/v62.0", "version": "62.0"}]))
            }
            "/services/data/v62.0" => json_of(200, &json!({"tooling": "/services/data/v62.0/tooling"})),
            path if path.contains("/sobjects/User/") => {
                json_of(200, &json!({"Id": USER, "Username": "rm@example.com"}))
            }
            path if path.starts_with("/cometd/") => bayeux(body),
            path if path.ends_with("/runTestsAsynchronous") => json_of(200, &json!(RUN)),
            path if path.contains("/sobjects/ApexTestQueueItem/") && method == "PATCH" => {
                self.run = "Aborted";
                (204, "application/json", String::new())
            }
            path if path.ends_with("/query") => {
                self.query(&form_urlencoded::parse(query.as_bytes()).collect::<Vec<_>>())
            }
            _ => json_of(404, &json!([{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}])),
        }
    }

    fn query(&self, parameters: &[(std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)]) -> Answer {
        let query = parameters.iter().find(|(key, _)| key == "q").map_or("", |(_, value)| value);
        let class = json!({"Id": "01p000000000002AAA", "Name": "ATest", "NamespacePrefix": null});
        let covered = json!({"Id": "01p000000000001AAA", "Name": "A"});
        let lines = json!({"coveredLines": [1], "uncoveredLines": [2]});
        let test = |id: &str, name: &str, outcome: &str| {
            json!({"Id": id, "QueueItemId": "709000000000001AAA", "StackTrace": null, "Message": null, "RunTime": 5,
                "TestTimestamp": "2024-01-01T00:00:00.000+0000", "AsyncApexJobId": RUN, "MethodName": name, "Outcome": outcome,
                "ApexLogId": null, "IsTestSetup": false, "ApexClass": class})
        };
        let from = query.split(" FROM ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        match from {
            "Organization" => rows(&[json!({"Id": ORG, "Name": "Fake", "InstanceName": "FAKE", "IsSandbox": true,
                "TrialExpirationDate": null, "NamespacePrefix": null})]),
            "ApexTestRunResult" => rows(&[json!({"AsyncApexJobId": RUN, "Status": self.run, "ClassesCompleted": 1,
                "ClassesEnqueued": 1, "MethodsEnqueued": 2, "MethodsCompleted": 2, "MethodsFailed": 0,
                "StartTime": "2024-01-01T00:00:00.000+0000", "EndTime": instant(Timestamp::now()), "TestTime": 35,
                "TestSetupTime": 0, "UserId": USER})]),
            "ApexTestQueueItem" => rows(&[json!({"Id": "709000000000001AAA", "Status": self.run,
                "ApexClassId": "01p000000000002AAA", "TestRunResultId": "05m000000000001AAA", "ParentJobId": RUN})]),
            "ApexTestResult" => rows(&[test("07M1", "one", "Pass"), test("07M2", "two", self.second)]),
            "ApexCodeCoverage" => {
                rows(&[json!({"ApexTestClassId": "01p000000000002AAA", "ApexClassOrTrigger": covered,
                "TestMethodName": "one", "NumLinesCovered": 9, "NumLinesUncovered": 1, "Coverage": lines})])
            }
            "ApexCodeCoverageAggregate" => rows(&[json!({"ApexClassOrTrigger": covered, "NumLinesCovered": 9,
                "NumLinesUncovered": 1, "Coverage": lines})]),
            "ApexOrgWideCoverage" => rows(&[json!({"PercentCovered": "90"})]),
            "DeployRequest" => self.deployed(query),
            _ => json_of(400, &json!([{"message": "no such object", "errorCode": "INVALID_TYPE"}])),
        }
    }

    /// All that were deployed, or those after the moment that the query names, in its order.
    fn deployed(&self, query: &str) -> Answer {
        let after =
            query.split("CompletedDate > ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<Timestamp>().ok());
        let real = self.deployments.iter().filter(|(_, only, at)| !only && after.is_none_or(|after| *at > after));
        let mut found: Vec<_> =
            real.map(|(id, _, at)| json!({"Id": id, "CompletedDate": instant(*at), "Status": "Succeeded"})).collect();
        if query.contains(" DESC ") {
            found.reverse();
        }
        rows(&found)
    }

    fn soap(&mut self, body: &str) -> Answer {
        let request = body.split("<soapenv:Body").nth(1).and_then(|rest| rest.split('<').nth(1)).unwrap_or_default();
        let request = request.split(['>', ' ', '/']).next().unwrap_or_default();
        let id = |tag: &str| body.split(&format!("<{tag}>")).nth(1).and_then(|rest| rest.split('<').next());
        let result = match request {
            "deploy" | "deployRecentValidation" => {
                let new = format!("0Af00000000{:04}AAA", self.deployments.len() + 1);
                self.deployments.push((new.clone(), body.contains("<checkOnly>true"), Timestamp::now()));
                if request == "deploy" { format!("<id>{new}</id><done>false</done><state>Queued</state>") } else { new }
            }
            "checkDeployStatus" => self.status(id("asyncProcessId").or_else(|| id("id")).unwrap_or_default()),
            _ => "<done>true</done>".to_owned(),
        };
        let body = format!("<{request}Response><result>{result}</result></{request}Response>");
        let space = "xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"http://soap.sforce.com/2006/04/metadata\"";
        let text = format!("<soapenv:Envelope {space}><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>");
        (200, "text/xml", text)
    }

    fn status(&self, id: &str) -> String {
        let Some((_, check_only, at)) = self.deployments.iter().find(|(known, ..)| known == id) else {
            return "<done>false</done>".to_owned();
        };
        let test = |name: &str| {
            format!("<successes><name>ATest</name><methodName>{name}</methodName><time>1</time></successes>")
        };
        format!(
            "<id>{id}</id><status>Succeeded</status><done>true</done><success>true</success><checkOnly>{check_only}</checkOnly>\
             <completedDate>{at}</completedDate><createdDate>{at}</createdDate><startDate>{at}</startDate>\
             <numberComponentsDeployed>1</numberComponentsDeployed><numberComponentsTotal>1</numberComponentsTotal>\
             <numberComponentErrors>0</numberComponentErrors><numberTestsCompleted>2</numberTestsCompleted>\
             <numberTestsTotal>2</numberTestsTotal><numberTestErrors>0</numberTestErrors><details><componentSuccesses>\
             <fullName>A</fullName><componentType>ApexClass</componentType><success>true</success></componentSuccesses>\
             <runTestResult><numFailures>0</numFailures><numTestsRun>2</numTestsRun><totalTime>35</totalTime>{}{}\
             </runTestResult></details>",
            test("one"),
            test("two")
        )
    }
}

/// The streaming protocol by which `sf apex get test` begins.
fn bayeux(body: &str) -> Answer {
    let messages: Vec<Value> = serde_json::from_str(body).unwrap_or_default();
    let replies: Vec<Value> = messages
        .iter()
        .map(|message| {
            json!({"channel": message["channel"], "id": message["id"], "successful": true, "version": "1.0", "clientId": "c1",
                "supportedConnectionTypes": ["long-polling"], "subscription": message["subscription"],
                "advice": {"reconnect": "none", "timeout": 1000, "interval": 0}})
        })
        .collect();
    json_of(200, &json!(replies))
}

/// As the tooling API writes it.
fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}
