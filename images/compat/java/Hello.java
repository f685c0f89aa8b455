import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;

/** Says where it runs, reads a file, starts a process and uses all processors. */
public class Hello {
    public static void main(String[] args) throws Exception {
        System.out.println("home " + System.getProperty("java.home"));
        System.out.println("user.dir " + System.getProperty("user.dir"));
        System.out.println("debian " + Files.readString(Path.of("/etc/debian_version")).strip());
        System.out.println("real " + Path.of("/bin/sh").toRealPath());
        Process child = new ProcessBuilder("/bin/echo", "from a child").redirectErrorStream(true).start();
        System.out.print(new String(child.getInputStream().readAllBytes()));
        System.out.println("status " + child.waitFor());
        System.out.println("sum " + IntStream.rangeClosed(1, 100000).parallel().asLongStream().sum());
        Path made = Files.createTempFile("hello", ".txt");
        Files.writeString(made, "written");
        System.out.println(Files.readString(made) + " " + made.getParent());
        Files.delete(made);
        System.exit(args.length);
    }
}
