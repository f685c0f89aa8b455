// Reads a file of the image, starts programs, one in a folder of the image, and uses threads.
use std::process::Command;
use std::thread;

fn main() {
    print!("rust on {}", std::fs::read_to_string("/etc/debian_version").unwrap());
    let said = Command::new("/bin/cat").arg("/etc/debian_version").output().unwrap();
    print!("{}", String::from_utf8(said.stdout).unwrap());
    let said = Command::new("/bin/ls").current_dir("/opt/native").output().unwrap();
    print!("{}", String::from_utf8(said.stdout).unwrap());
    let threads: Vec<_> = (0..4u64).map(|n| thread::spawn(move || n * n)).collect();
    println!("{}", threads.into_iter().map(|t| t.join().unwrap()).sum::<u64>());
    println!("{}", std::env::current_exe().unwrap().display());
}
