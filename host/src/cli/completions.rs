//! `host completions`: what a shell needs to complete commands, options and their values.

use clap::{Args, Command};
use clap_complete::Shell;

use super::output::print;
use super::{Exit, Failure, called};

/// Print what a shell needs to complete the commands and options of this program
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bash  host completions bash > ~/.local/share/bash-completion/completions/host
  zsh   host completions zsh > ~/.zfunc/_host     (with ~/.zfunc in fpath, before compinit)
  fish  host completions fish > ~/.config/fish/completions/host.fish")]
pub(super) struct CompletionsArgs {
    /// Shell to complete in.
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// Prints the completions of `command`, which is the whole program.
pub(super) fn run(args: &CompletionsArgs, mut command: Command) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, called::name(), &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
