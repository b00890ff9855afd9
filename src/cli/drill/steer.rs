//! `hotfix drill inject`, `hint`, `observe`, `pause`, `resume`, `speed` and `skip`: the second terminal of a drill.

use crate::cli::{Context, Exit, cockpit, print};
use crate::cockpit::launch::Drill;
use crate::drill::door::{self, Running};
use crate::drill::moment::Moment;
use crate::drill::steering::Order;
use crate::drill::visit;
use crate::journal::StateFolder;

/// Which drill is meant.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The drill, where several run: its process, or its scenario (`d1`)
    #[arg(long, value_name = "DRILL")]
    drill: Option<String>,
}

/// What is to happen.
#[derive(Debug, clap::Args)]
pub struct Inject {
    /// A kind of fault of the scenario format, or `message`; then its values as key=value
    #[arg(required = true, value_name = "EVENT")]
    event: Vec<String>,
    #[command(flatten)]
    which: Which,
}

/// What the operator is told.
#[derive(Debug, clap::Args)]
pub struct Hint {
    /// The hint; without it the next step of the ideal path
    text: Vec<String>,
    #[command(flatten)]
    which: Which,
}

/// How fast it is to go.
#[derive(Debug, clap::Args)]
pub struct Speed {
    /// Seconds of the drill in a real second, from 0.1 to 20
    #[arg(value_parser = super::speed)]
    speed: f64,
    #[command(flatten)]
    which: Which,
}

/// How far it is to go.
#[derive(Debug, clap::Args)]
pub struct Skip {
    /// The moment, counted from the start: `90s`, `"4m 30s"`
    to: Moment,
    #[command(flatten)]
    which: Which,
}

impl Which {
    fn running(&self) -> color_eyre::Result<Running> {
        let notes = door::notes(&StateFolder::find()?);
        Ok(visit::find(&notes, self.drill.as_deref())?)
    }
}

/// Gives a running drill an order, and prints what came of it.
///
/// # Errors
/// When no drill runs, it is not clear which one is meant, or it did not do what was asked.
pub fn order(which: &Which, order: Order) -> color_eyre::Result<Exit> {
    let said = which.running()?.order(order)?;
    print(&format!("{said}\n"))?;
    Ok(Exit::Ok)
}

/// Lets something happen.
///
/// # Errors
/// As [`order`].
pub fn inject(args: Inject) -> color_eyre::Result<Exit> {
    order(&args.which, Order::Inject { event: args.event })
}

/// Gives a hint.
///
/// # Errors
/// As [`order`].
pub fn hint(args: &Hint) -> color_eyre::Result<Exit> {
    let text = Some(args.text.join(" ")).filter(|text| !text.is_empty());
    order(&args.which, Order::Hint { text })
}

/// Sets the speed.
///
/// # Errors
/// As [`order`].
pub fn speed(args: &Speed) -> color_eyre::Result<Exit> {
    order(&args.which, Order::Speed { speed: args.speed })
}

/// Takes the clock on.
///
/// # Errors
/// As [`order`].
pub fn skip(args: &Skip) -> color_eyre::Result<Exit> {
    order(&args.which, Order::Skip { to_s: args.to.secs() })
}

/// Watches a drill, until it ends or one leaves.
///
/// # Errors
/// When no drill runs, it is not clear which one is meant, or there is no terminal.
pub fn observe(which: &Which, context: &Context) -> color_eyre::Result<Exit> {
    let ended = cockpit::open(context, true, Some(Drill::Watch(which.running()?)))?;
    Ok(Exit::Cockpit(ended.code))
}
