//! `hotfix man`

use clap::CommandFactory;
use clap_mangen::Man;
use color_eyre::eyre::eyre;

use super::{Cli, Context, Exit, print};

/// What the ends of all commands mean; roff.
const EXIT_STATUS: &str = r#".SH "EXIT STATUS"
.TP
0
Done, or \fIgo\fR.
.TP
1
Something that was checked failed, or a conflict waits.
.TP
2
Could not run: one message on standard error says why.
.TP
3
Readiness: \fIno\-go\fR.
.TP
4
Readiness: \fIroll back\fR, or the canary regressed.
.TP
5
Not enough data.
"#;

/// The manual page, of hotfix or of one of its commands.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One of the commands
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// When there is no such command, or standard output cannot be written.
pub fn run(args: Args, _context: &Context) -> color_eyre::Result<Exit> {
    let mut program = Cli::command();
    program.build();
    let page = match args.command {
        None => program,
        Some(name) => {
            let found = program.find_subcommand(&name).cloned();
            found.ok_or_else(|| eyre!("there is no command `{name}`; `hotfix help` lists them"))?
        }
    };
    let mut roff = Vec::new();
    let name = page.get_display_name().unwrap_or("hotfix").replace(' ', "-");
    Man::new(page.display_name(name.clone())).title(name.to_uppercase()).render(&mut roff)?;
    print(&(String::from_utf8(roff)? + EXIT_STATUS))?;
    Ok(Exit::Ok)
}
