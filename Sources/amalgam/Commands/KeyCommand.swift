import ArgumentParser
import Service

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Makes an access key for the service.",
        discussion: """
            Prints the key, which is shown this once, and the line for `keys:` in the service's configuration, which holds only its hash. A \
            key sees the jobs of its owner alone.
            """)

    @Argument(help: "Whose jobs the key makes and sees: letters, digits, dots, dashes and underscores.") var owner: String
    @Option(help: "The key's last day, YYYY-MM-DD, UTC.") var lastDay: String?

    func run() throws {
        guard let made = AccessKey.make(owner: owner, lastDay: lastDay) else {
            throw ValidationError("OWNER must be 1 to 64 letters, digits, dots, dashes and underscores, and --last-day YYYY-MM-DD")
        }
        print("The key, for the client:\n  Authorization: Bearer \(made.secret)\nFor the configuration:\n  keys:\n    - \"\(made.line)\"")
    }
}
