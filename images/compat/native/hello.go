// Reads a file of the image, starts a program, and looks up a user.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
)

func main() {
	text, err := os.ReadFile("/etc/debian_version")
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	fmt.Print("go on ", string(text))
	said, err := exec.Command("/bin/cat", "/etc/debian_version").CombinedOutput()
	fmt.Print(string(said))
	if err != nil {
		fmt.Println(err)
	}
	found, err := user.Lookup("games")
	if err != nil {
		fmt.Println(err)
		os.Exit(4)
	}
	fmt.Println(found.Uid, len(os.Args))
}
