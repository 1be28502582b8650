//! A command that listens, as a process of its own.
//!
//! In:  its words.
//! Out: [`Service`], which is killed when it is dropped.

use std::{
    io::{BufRead as _, BufReader, Lines},
    process::{Child, ChildStderr, Command, Stdio},
};

pub(crate) struct Service {
    pub(crate) process: Child,
    /// What it says, in English.
    pub(crate) lines: Lines<BufReader<ChildStderr>>,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    pub(crate) fn start(words: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_quanlian"))
            .args(["--lang", "en"])
            .args(words)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { process, lines }
    }

    /// The last word of the next line.
    pub(crate) fn last_word(&mut self) -> String {
        let line = self.lines.next().expect("it says something").unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    }
}
