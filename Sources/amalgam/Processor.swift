import Foundation

/// What the kernels need of the processor. This file is compiled for any processor, so that the check itself runs on all of them.
enum Processor {
    /// The features of x86-64-v3 that the kernels are compiled for, by their names in `/proc/cpuinfo`.
    static let needed = ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"]

    /// The features that a processor lacks, from the text of `/proc/cpuinfo`; none where the text does not tell.
    static func missingFeatures(in text: String) -> [String] {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") }) else { return [] }
        let flags = Set(line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == ":" }))
        return needed.filter { !flags.contains(Substring($0)) }
    }

    /// Ends the program with one clear line on a processor that the kernels do not run on.
    static func check() {
        #if arch(x86_64) && os(Linux)
            guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return }
            let missing = missingFeatures(in: text)
            guard !missing.isEmpty else { return }
            let line = "amalgam needs a processor with AVX2 and FMA (x86-64-v3); this one lacks \(missing.joined(separator: ", "))\n"
            FileHandle.standardError.write(Data(line.utf8))
            exit(1)
        #endif
    }
}
