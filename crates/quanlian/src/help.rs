//! Help texts in the language of the person: the command tree with its words exchanged.
//!
//! In:  clap's command tree, built from the types in `cli`.
//! Out: the same tree, `about` and `help` taken from the message files.
//!
//! Invariant: every command and argument has a message; a test walks the tree.

use clap::Command;

use crate::message::Messages;

/// Exchanges the words of `command` and all below it.
pub(crate) fn localise(command: Command, messages: &Messages) -> Command {
    below(command, messages, "quanlian")
}

fn below(mut command: Command, messages: &Messages, path: &str) -> Command {
    let about = format!("help.{path}");
    if messages.has(&about) {
        command = command.about(messages.text(&about)).long_about(None);
    }
    let ids: Vec<String> = command
        .get_arguments()
        .map(|arg| arg.get_id().to_string())
        .collect();
    for id in ids {
        let key = key_of(messages, path, &id);
        if let Some(key) = key {
            command = command.mut_arg(id, |arg| arg.help(messages.text(&key)).long_help(None));
        }
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        let path = format!("{path}_{name}");
        command = command.mut_subcommand(name, |sub| below(sub, messages, &path));
    }
    command
}

/// The message of an argument: its own for this command, or the one that all commands share.
fn key_of(messages: &Messages, path: &str, id: &str) -> Option<String> {
    [format!("help.{path}__{id}"), format!("help.arg__{id}")]
        .into_iter()
        .find(|key| messages.has(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::Cli, message::Language};
    use clap::CommandFactory;

    fn without_message(command: &Command, messages: &Messages, path: &str, missing: &mut Vec<String>) {
        if !messages.has(&format!("help.{path}")) {
            missing.push(path.to_owned());
        }
        for arg in command.get_arguments() {
            let id = arg.get_id().as_str();
            if key_of(messages, path, id).is_none() {
                missing.push(format!("{path}__{id}"));
            }
        }
        for sub in command.get_subcommands() {
            without_message(sub, messages, &format!("{path}_{}", sub.get_name()), missing);
        }
    }

    #[test]
    fn every_command_and_argument_speaks_both_languages() {
        for language in [Language::Zh, Language::En] {
            let mut missing = Vec::new();
            without_message(&Cli::command(), &Messages::of(language), "quanlian", &mut missing);
            assert_eq!(missing, Vec::<String>::new());
        }
        let zh = localise(Cli::command(), &Messages::of(Language::Zh))
            .render_help()
            .to_string();
        assert!(zh.contains("证据"), "{zh}");
    }

    #[test]
    fn the_command_tree_is_sound() {
        Cli::command().debug_assert();
    }
}
