//! The log beside SQLite, PostgreSQL and the bare disk, in one run on the same disk.
//!
//! In:  `log_bench FOLDER [ENTRIES]`; PostgreSQL takes part when `QUANLIAN_POSTGRES_BIN`
//!      names the folder of `initdb`, or Debian's is installed.
//! Out: a table on stdout. The folder is removed at the end.
//!
//! Not here: what the figures mean (`docs/BENCHMARKS.md`).

#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use std::{
    error::Error,
    fs::{self, File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use quanlian_tlog::{
    fsck::fsck,
    load::Load,
    log::Log,
    note::SignerKey,
    sequencer::{Sequencer, Settings},
    store::LogHome,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ENTRY_BYTES: usize = 300;
const IN_FLIGHT: u64 = 4096;
const LONE_ENTRIES: usize = 2000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--until-killed", data, entries] => until_killed(Path::new(data), entries.parse()?),
        [folder] => run(Path::new(folder), 1_000_000),
        [folder, entries] => run(Path::new(folder), entries.parse()?),
        _ => Err("log_bench FOLDER [ENTRIES]".into()),
    }
}

fn key() -> Result<SignerKey> {
    Ok(SignerKey::from_seed("bench.quanlian/log", &[7; 32])?)
}

fn open(data: &Path) -> Result<Sequencer> {
    Ok(Sequencer::open_or_create(
        LogHome::create(data)?,
        key()?,
        Settings::default(),
    )?)
}

fn run(folder: &Path, entries: u64) -> Result<()> {
    fs::create_dir_all(folder)?;
    println!("| measure | figure |\n|---|---|");
    lone(folder)?;
    let data = folder.join("log");
    crowd(&data, entries)?;
    for rows in [1, 256, 4096] {
        sqlite(folder, rows, if rows == 1 { 1000 } else { entries.min(500_000) })?;
    }
    postgres(folder, entries.min(200_000))?;
    check(&data)?;
    proof(&data)?;
    restart(folder, entries)?;
    fs::remove_dir_all(folder)?;
    Ok(())
}

fn row(measure: &str, figure: &str) {
    println!("| {measure} | {figure} |");
}

fn ms(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}

/// One entry at a time, and between them the bare disk: 512 bytes into a place that is
/// there, and `fdatasync`.
fn lone(folder: &Path) -> Result<()> {
    use std::os::unix::fs::FileExt as _;
    let path = folder.join("raw");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(&path)?;
    file.write_all(&vec![0; 512 * LONE_ENTRIES])?;
    file.sync_all()?;
    let sequencer = open(&folder.join("lone"))?;
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for at in 0..LONE_ENTRIES {
        let begin = Instant::now();
        file.write_all_at(&[1; 512], (at * 512) as u64)?;
        file.sync_data()?;
        bare.push(begin.elapsed());
        let begin = Instant::now();
        sequencer.append(&[b'.'; ENTRY_BYTES])?;
        ours.push(begin.elapsed());
    }
    sequencer.finish()?;
    fs::remove_file(path)?;
    bare.sort_unstable();
    ours.sort_unstable();
    let figures = |times: &[Duration]| {
        let at = |percent| ms(times[times.len() * percent / 100]);
        format!("{} / {}", at(50), at(99))
    };
    row(
        "the disk: 512 bytes in place and fdatasync, p50 / p99",
        &figures(&bare),
    );
    row(
        "the log: a lone writer, alternating with the disk, p50 / p99",
        &figures(&ours),
    );
    Ok(())
}

fn crowd(data: &Path, entries: u64) -> Result<()> {
    let sequencer = open(data)?;
    let load = Load {
        entries,
        in_flight: IN_FLIGHT,
        entry_bytes: ENTRY_BYTES,
    };
    let tenth = Load {
        entries: entries / 10,
        ..load
    };
    let begin = Instant::now();
    let first = tenth.run(&sequencer)?;
    let memory = resident_kb()?;
    let report = Load {
        entries: entries - tenth.entries,
        ..load
    }
    .run(&sequencer)?;
    let grown = resident_kb()?;
    sequencer.finish()?;
    let took = begin.elapsed();
    row(
        &format!("the log, {IN_FLIGHT} in flight, durable"),
        &format!(
            "{:.0} entries/s over {entries}, p50 {}, p99 {}",
            entries as f64 / (first.took + report.took).as_secs_f64(),
            ms(report.p50),
            ms(report.p99)
        ),
    );
    row(
        "the same, to the last tile and checkpoint",
        &format!("{:.0} entries/s", entries as f64 / took.as_secs_f64()),
    );
    row(
        "memory after a tenth / after all",
        &format!("{memory} kB / {grown} kB"),
    );
    Ok(())
}

fn sqlite(folder: &Path, rows: u64, entries: u64) -> Result<()> {
    let path = folder.join("beside.sqlite");
    let mut connection = rusqlite::Connection::open(&path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, content BLOB NOT NULL)")?;
    let begin = Instant::now();
    let mut done = 0;
    while done < entries {
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare("INSERT INTO entry (content) VALUES (?1)")?;
            for _ in 0..rows {
                insert.execute([[b'.'; ENTRY_BYTES].as_slice()])?;
            }
        }
        transaction.commit()?;
        done += rows;
    }
    let rate = done as f64 / begin.elapsed().as_secs_f64();
    drop(connection);
    fs::remove_file(path)?;
    row(
        &format!("SQLite (WAL, FULL), {rows} rows a transaction"),
        &format!("{rate:.0} entries/s"),
    );
    Ok(())
}

/// A server of its own in the folder, fed by `pgbench`, 4,096 rows a transaction.
fn postgres(folder: &Path, entries: u64) -> Result<()> {
    let Some(bin) = postgres_bin() else {
        row("PostgreSQL", "not installed (apt-get install postgresql)");
        return Ok(());
    };
    let data = folder.join("postgres");
    // The server refuses to run as root.
    let as_user = |program: &Path| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        command
            .arg(program)
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    fs::create_dir_all(&data)?;
    let owned = Command::new("chown")
        .arg("postgres:postgres")
        .arg(&data)
        .status()?;
    if !owned.success() {
        row("PostgreSQL", "not measured: this user cannot start a server");
        return Ok(());
    }
    let data = fs::canonicalize(data)?;
    let run = |mut command: Command| -> Result<()> {
        let status = command.status()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("{}: {status}", command.get_program().display()).into())
        }
    };
    let mut init = as_user(&bin.join("initdb"));
    init.arg("-D").arg(&data).args(["-A", "trust"]);
    run(init)?;
    let mut start = as_user(&bin.join("pg_ctl"));
    start.arg("-D").arg(&data).args(["-w", "start", "-o"]);
    start.arg(format!(
        "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=on -c synchronous_commit=on",
        data.display()
    ));
    run(start)?;
    let measured = (|| -> Result<()> {
        let mut create = as_user(&bin.join("psql"));
        create
            .arg("-h")
            .arg(&data)
            .args(["-d", "postgres", "-c"])
            .arg("CREATE TABLE entry (id BIGSERIAL PRIMARY KEY, content BYTEA NOT NULL)");
        run(create)?;
        for (clients, rows, transactions) in [(1, 1, 500), (16, 1, 250), (1, 4096, entries / 4096 + 1)] {
            let script = data.join("insert.sql");
            fs::write(
                &script,
                format!(
                    "INSERT INTO entry (content) SELECT decode(repeat('2e', {ENTRY_BYTES}), 'hex') \
                     FROM generate_series(1, {rows});\n"
                ),
            )?;
            let mut bench = as_user(&bin.join("pgbench"));
            bench
                .arg("-h")
                .arg(&data)
                .args(["-n", "-M", "prepared", "-c"])
                .arg(clients.to_string())
                .args(["-t", &transactions.to_string(), "-f"])
                .arg(&script)
                .arg("postgres");
            let begin = Instant::now();
            run(bench)?;
            let done = clients * rows * transactions;
            row(
                &format!("PostgreSQL (synchronous_commit), {clients} clients, {rows} rows a transaction"),
                &format!("{:.0} entries/s", done as f64 / begin.elapsed().as_secs_f64()),
            );
        }
        Ok(())
    })();
    let mut stop = as_user(&bin.join("pg_ctl"));
    stop.arg("-D").arg(&data).args(["-m", "immediate", "stop"]);
    run(stop)?;
    measured
}

fn postgres_bin() -> Option<PathBuf> {
    if let Some(bin) = std::env::var_os("QUANLIAN_POSTGRES_BIN") {
        return Some(bin.into());
    }
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").is_file() && bin.join("pgbench").is_file())
        .collect();
    versions.sort();
    versions.pop()
}

fn check(data: &Path) -> Result<()> {
    let (cpu, begin) = (cpu_time()?, Instant::now());
    let report = fsck(data, key()?.verifier())?;
    if !report.problems.is_empty() {
        return Err(format!("{:?}", report.problems).into());
    }
    row(
        &format!("full check of {} entries, CPU / wall", report.size),
        &format!(
            "{} / {}",
            ms(cpu_time()?.saturating_sub(cpu)),
            ms(begin.elapsed())
        ),
    );
    Ok(())
}

fn proof(data: &Path) -> Result<()> {
    const PROOFS: u64 = 1000;
    let log = Log::open(LogHome::open(data)?, key()?)?;
    let size = log.checkpoint().size();
    let view = log.view()?;
    let mut times = Vec::new();
    for at in 0..PROOFS {
        let index = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) % size;
        let begin = Instant::now();
        view.inclusion_proof(index)?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    row(
        &format!("inclusion proof from {size} entries, tiles read from files, p50 / p99"),
        &format!(
            "{} / {}",
            ms(times[PROOFS as usize / 2]),
            ms(times[PROOFS as usize * 99 / 100])
        ),
    );
    Ok(())
}

/// Kills a process that is writing as fast as it can, and opens what it left.
fn restart(folder: &Path, entries: u64) -> Result<()> {
    let data = folder.join("killed");
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--until-killed".as_ref(), data.as_os_str()])
        .arg(entries.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let killed = wait_and_kill(&mut child);
    child.wait()?;
    killed?;
    let begin = Instant::now();
    let sequencer = open(&data)?;
    let opened = begin.elapsed();
    sequencer.append(b"the first after the restart")?;
    let answered = begin.elapsed();
    let head = sequencer.finish()?;
    row(
        &format!("restart after SIGKILL in full run at {} entries", head.size()),
        &format!("{}, first answer after {}", ms(opened), ms(answered)),
    );
    let report = fsck(&data, key()?.verifier())?;
    if !report.problems.is_empty() || head.size() < entries {
        return Err(format!("{report:?}").into());
    }
    Ok(())
}

fn wait_and_kill(child: &mut Child) -> Result<()> {
    let stdout = child.stdout.take().ok_or("no stdout")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    // In the middle of whatever it is doing.
    std::thread::sleep(Duration::from_millis(777));
    Ok(child.kill()?)
}

fn until_killed(data: &Path, entries: u64) -> Result<()> {
    let sequencer = open(data)?;
    let mut load = Load {
        entries,
        in_flight: IN_FLIGHT,
        entry_bytes: ENTRY_BYTES,
    };
    load.run(&sequencer)?;
    println!("{entries}");
    load.entries = u64::MAX >> 8;
    load.run(&sequencer)?;
    Ok(())
}

fn resident_kb() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.ok_or("no VmRSS")?.trim().trim_end_matches(" kB").parse()?)
}

/// CPU time of this process, in the ticks of 10 ms that the system counts.
fn cpu_time() -> Result<Duration> {
    let mut stat = String::new();
    std::io::Read::read_to_string(&mut File::open("/proc/self/stat")?, &mut stat)?;
    let after_name = stat.rsplit_once(')').ok_or("no name")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}
