//! What the tests pane makes of a server's word.

use super::github::fixture::{Hub, World, at, head, pending, run_async, target};
use crate::evidence::{Evidence, Generation, Observation, Subject};
use crate::http::fault::answer;
use crate::test_results::model::{Report, State};
use crate::test_results::pane;
use crate::ui::Ctx;
use crate::ui::theme::Theme;

fn shown(report: Report, seconds: i64) -> String {
    let mut state = State::default();
    state.set_head(head());
    let (source, ttl) = ("test reports".into(), std::time::Duration::from_secs(3_600));
    let evidence = Evidence { value: report, subject: Subject::default(), source, observed_at: at(seconds), ttl };
    state.update(Observation::Seen(Generation(1), Box::new(evidence)), at(seconds));
    let theme = Theme::default();
    let lines = pane::head(&state, &Ctx { now: at(seconds), theme: &theme }, 120, 30);
    let text = |line: &ratatui::text::Line<'_>| line.spans.iter().map(|span| span.content.as_ref()).collect::<String>();
    lines.iter().map(text).collect::<Vec<_>>().join("\n")
}

#[test]
fn progress_and_the_time_until_the_next_question_are_on_the_screen() {
    run_async(async {
        let hub = Hub::start(World::default()).await;
        hub.set(|world| world.checks.push(pending(3, "e2e", "in_progress")));
        let mut remote = hub.remote(|_| {});
        let text = shown(remote.look(&target(0)).await.0, 0);
        assert!(text.contains("RUNNING") && text.contains("2 of 3 done"), "{text}");
        hub.set(|world| {
            world.instead = Some(("/check-runs", answer("429 Too Many Requests", "retry-after: 90\r\n", b"")));
        });
        let report = remote.look(&target(10)).await.0;
        let text = shown(report, 40);
        assert!(
            text.contains("UNKNOWN") && text.contains("rate limited (429)") && text.contains("again in 60s"),
            "{text}"
        );
    });
}
