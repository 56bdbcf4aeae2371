//! `deploy/slurm` and `deploy/kubernetes`: their scripts, called as the engines call them, and what the manifests
//! promise. `deploy/slurm/test.sh` tests with a real Slurm.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use serde_json::Value as Json;
use test_support::class::{Class, without_timings};
use test_support::{built, compiled, host, root};

fn deploy(name: &str) -> PathBuf {
    root().join("deploy").join(name)
}

/// The parts of a manifest.
fn manifest(name: &str) -> Vec<Json> {
    let text = fs::read_to_string(deploy("kubernetes").join(name)).unwrap();
    let parts = serde_norway::Deserializer::from_str(&text);
    parts.map(|part| Json::deserialize(part).unwrap()).collect()
}

/// Calls a program in a folder with a variable that the engine sets, and with `host` in the path.
fn call(dir: &Path, words: &[String], variables: &[(&str, String)]) -> Output {
    let bin = host().parent().unwrap().display();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(dir).env_clear();
    command.env("PATH", format!("{bin}:/usr/bin:/bin"));
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn succeeded(output: &Output) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""));
    assert!(output.stdout.is_empty());
}

/// The texts of a list.
fn texts(list: &Json) -> Vec<String> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|it| it.as_str().unwrap().to_owned())
        .collect()
}

/// The command of a Job's container, with the script and the volumes where they are here.
fn command_of(job: &Json, class: &Class) -> Vec<String> {
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let command = texts(&container["command"]);
    let words = command.iter().skip(1).map(|word| match word.as_str() {
        "/class" => class.path("class").display().to_string(),
        "/results" => class.path("results").display().to_string(),
        word => word.to_owned(),
    });
    let script = deploy("kubernetes").join(&command[0]);
    let script = ["sh".to_owned(), script.display().to_string()];
    script.into_iter().chain(words).collect()
}

#[test]
fn the_jobs_of_kubernetes_grade_as_one_process_does() {
    let class = Class::small();
    fs::create_dir(class.path("results")).unwrap();
    let [shares, merge] = ["shares.yaml", "merge.yaml"].map(manifest);
    let options = ["--challenge", "1", "--seeds", "1..3", "--cache-dir"];
    let mut options: Vec<String> = options.map(str::to_owned).to_vec();
    options.push(compiled().display().to_string());
    let job = &shares[0];
    let mut command = command_of(job, &class);
    command.extend(options.iter().cloned());
    let completions = job["spec"]["completions"].as_i64().unwrap();
    assert_eq!(job["spec"]["completionMode"].as_str(), Some("Indexed"));
    assert_eq!(command[2], completions.to_string());
    for index in 0..completions {
        let variables = [("JOB_COMPLETION_INDEX", index.to_string())];
        succeeded(&call(Path::new("/"), &command, &variables));
    }
    succeeded(&call(Path::new("/"), &command_of(&merge[0], &class), &[]));
    let merged = fs::read_to_string(class.path("results/merged.json")).unwrap();
    let folder = class.path("class").parent().unwrap().display().to_string();
    let merged: Json = serde_json::from_str(&merged.replace(&folder, "[DIR]")).unwrap();
    let one = class.host().arg("grade").args(&options);
    let one = one
        .args(["--format", "json"])
        .arg(class.path("class"))
        .end();
    assert_eq!(merged["complete"], Json::Bool(true));
    assert_eq!(
        without_timings(merged),
        without_timings(serde_json::from_str(&one.stdout).unwrap())
    );
}

/// The environment of a task of an array, or of the job after it.
fn of_slurm(index: u32, of: u32) -> Vec<(&'static str, String)> {
    vec![
        ("HOST", host().display().to_string()),
        ("SLURM_ARRAY_TASK_ID", index.to_string()),
        ("SLURM_ARRAY_TASK_COUNT", of.to_string()),
        ("SLURM_CPUS_PER_TASK", "1".to_owned()),
    ]
}

#[test]
fn the_jobs_of_slurm_sweep_as_one_process_does() {
    let class = Class::empty();
    let out = class.path("out");
    fs::create_dir(&out).unwrap();
    let script = |name: &str| deploy("slurm").join(name).display().to_string();
    let sweep = [
        "sim",
        "-w",
        "echo",
        "--time-limit",
        "1",
        "--seeds",
        "0..9",
        "--module",
    ];
    let mut sweep: Vec<String> = sweep.map(str::to_owned).to_vec();
    sweep.extend([
        built("echo").display().to_string(),
        "--cache-dir".to_owned(),
    ]);
    sweep.push(compiled().display().to_string());
    let mut share = vec![
        "bash".to_owned(),
        script("share.sbatch"),
        out.display().to_string(),
    ];
    share.extend(sweep.iter().cloned());
    let merge = [
        "bash",
        &script("merge.sbatch"),
        &out.display().to_string(),
        "3",
    ];
    let merge = merge.map(str::to_owned);
    for index in [3, 1] {
        succeeded(&call(Path::new("/"), &share, &of_slurm(index, 3)));
    }
    // One is missing, and that is an error here.
    let output = call(Path::new("/"), &merge, &of_slurm(1, 3));
    assert_eq!(output.status.code(), Some(254));
    assert!(!class.path("out/merged.json").exists());
    succeeded(&call(Path::new("/"), &share, &of_slurm(2, 3)));
    succeeded(&call(Path::new("/"), &merge, &of_slurm(1, 3)));
    let one = class
        .host()
        .args(&sweep)
        .args(["--summary", "--format", "json"]);
    let merged = fs::read_to_string(class.path("out/merged.json")).unwrap();
    assert_eq!(merged, one.end().stdout);
    // A share that cannot be had fails, and leaves nothing that could be taken for one.
    fs::remove_file(class.path("out/share.1.json")).unwrap();
    share.push("--no-such-flag".to_owned());
    let output = call(Path::new("/"), &share, &of_slurm(1, 3));
    assert_eq!(output.status.code(), Some(254));
    assert!(!class.path("out/share.1.json").exists());
}

/// Clusters ask a task to end before they kill it. Then `host` ends with what it has, which is no share, and the task that is
/// started again goes on from there, here by the other script.
#[test]
fn a_task_that_is_asked_to_end_leaves_no_share_and_goes_on() {
    let class = Class::empty();
    let out = class.path("out");
    fs::create_dir(&out).unwrap();
    let slurm = ("bash", deploy("slurm/share.sbatch"), None);
    let kubernetes = ("sh", deploy("kubernetes/share.sh"), Some("2"));
    let mut left = Vec::new();
    for (shell, script, shares) in [slurm, kubernetes] {
        let bin = host().parent().unwrap().display();
        let mut command = Command::new(shell);
        command.arg(script).args(shares).arg(&out).arg("sim");
        command.args(["-w", "echo", "--seeds", "0..1000000", "--module"]);
        command
            .arg(built("echo"))
            .arg("--cache-dir")
            .arg(compiled());
        command.env_clear().envs(of_slurm(1, 2));
        command.env("JOB_COMPLETION_INDEX", "0");
        command.env("PATH", format!("{bin}:/usr/bin:/bin"));
        command.env("RUST_LOG", "debug").stderr(Stdio::piped());
        let mut task = command.spawn().unwrap();
        let mut lines = BufReader::new(task.stderr.take().unwrap()).lines();
        let mut find =
            |what: &str| lines.find_map(|line| Some(line.unwrap().split_once(what)?.1.to_owned()));
        let seeds = find("running ").unwrap();
        left.push(seeds.trim_end_matches(" seeds").parse::<u32>().unwrap());
        find("that are done are kept").unwrap();
        kill_process(Pid::from_child(&task), Signal::TERM).unwrap();
        assert_eq!(task.wait().unwrap().code(), Some(143), "{shell}");
        assert!(lines.any(|line| line.unwrap().starts_with("interrupted: ")));
        assert!(out.join("share.1.part").exists() && !out.join("share.1.json").exists());
        fs::remove_file(out.join("share.1.part")).unwrap();
    }
    assert!(left[0] == 500_000 && left[1] < 500_000, "{left:?}");
}

#[test]
fn pods_have_no_rights_no_network_and_limits() {
    for name in ["shares.yaml", "merge.yaml"] {
        let job = &manifest(name)[0];
        let pod = &job["spec"]["template"]["spec"];
        assert_eq!(job["metadata"]["namespace"].as_str(), Some("grading"));
        assert_eq!(pod["automountServiceAccountToken"].as_bool(), Some(false));
        assert_eq!(pod["securityContext"]["runAsNonRoot"].as_bool(), Some(true));
        let seccomp = &pod["securityContext"]["seccompProfile"]["type"];
        assert_eq!(seccomp.as_str(), Some("RuntimeDefault"));
        let [container] = pod["containers"].as_array().unwrap().as_slice() else {
            panic!("{name} has several containers");
        };
        let context = &container["securityContext"];
        assert_eq!(context["privileged"].as_bool(), Some(false));
        assert_eq!(context["allowPrivilegeEscalation"].as_bool(), Some(false));
        assert_eq!(context["readOnlyRootFilesystem"].as_bool(), Some(true));
        assert_eq!(texts(&context["capabilities"]["drop"]), ["ALL"]);
        for resource in ["cpu", "memory"] {
            assert!(
                container["resources"]["limits"][resource]
                    .as_str()
                    .is_some()
            );
        }
        let class = container["volumeMounts"].as_array().unwrap().iter();
        let mut class = class.filter(|it| it["name"].as_str() == Some("class"));
        assert!(class.all(|it| it["readOnly"].as_bool() == Some(true)));
    }
    let policy = &manifest("namespace.yaml")[1];
    assert_eq!(policy["kind"].as_str(), Some("NetworkPolicy"));
    assert_eq!(policy["metadata"]["namespace"].as_str(), Some("grading"));
    // All pods, both directions, and no rule that allows anything.
    assert!(
        policy["spec"]["podSelector"]
            .as_object()
            .unwrap()
            .is_empty()
    );
    assert_eq!(texts(&policy["spec"]["policyTypes"]), ["Ingress", "Egress"]);
    assert!(policy["spec"]["ingress"].is_null() && policy["spec"]["egress"].is_null());
}
