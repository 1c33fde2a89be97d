import Foundation

/// What the kernels need of the processor. This file is compiled for any processor, so that the check itself runs on all of them.
enum Processor {
    /// The features that the kernels are compiled for, by their names in `/proc/cpuinfo`.
    static let needed = ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"] + wide

    #if AVX512
        private static let (level, wide) = ("AVX-512 (x86-64-v4)", ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"])
    #else
        private static let (level, wide): (String, [String]) = ("AVX2 and FMA (x86-64-v3)", [])
    #endif

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
            let remedy = wide.isEmpty ? "" : "; build it with AMALGAM_PROCESSOR=x86-64-v3"
            let line = "this amalgam needs a processor with \(level); this one lacks \(missing.joined(separator: ", "))\(remedy)\n"
            FileHandle.standardError.write(Data(line.utf8))
            exit(1)
        #endif
    }
}
