//! Commands that are told.

use super::*;

fn told(script: &str) -> Result<Arrived, Trouble> {
    run(async {
        let kind = format!("command = {{ run = [\"sh\", \"-c\", {script:?}] }}");
        Bench::new(&[]).send(&channel(&kind), &message(About::Deploy)).await
    })
}

#[test]
fn the_text_is_its_input_and_its_first_line_the_receipt() {
    let arrived = told("read line; echo \"$HOTFIX_NOTICE_KEY $HOTFIX_NOTICE_ABOUT $line\"").unwrap();
    assert_eq!(arrived.receipt.as_deref(), Some("f00d deploy [SEV2] checkout-502: deploying"));
    assert_eq!(told("exec 0<&-; yes | head -c 200000 >/dev/null").unwrap(), Arrived::default());
}

#[test]
fn an_exit_code_is_a_clear_word_and_a_killed_one_none() {
    let refused = told("echo no route >&2; exit 3").unwrap_err();
    assert_eq!(refused.sort, Sort::Refused);
    assert!(refused.what.contains("exit status: 3: no route"), "{}", refused.what);
    assert_eq!(told("kill -9 $$").unwrap_err().sort, Sort::Unknown);
    let slow = told("sleep 60").unwrap_err();
    assert_eq!(slow.sort, Sort::Unknown);
    assert!(slow.what.contains("did not end within 1 s"), "{}", slow.what);
    let missing = run(async {
        Bench::new(&[]).send(&channel("command = { run = [\"no-such-program\"] }"), &message(About::Deploy)).await
    });
    assert_eq!(missing.unwrap_err().sort, Sort::Refused);
}
