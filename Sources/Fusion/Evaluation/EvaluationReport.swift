import Foundation
import Imaging

/// A report in Markdown with pictures beside it, built section by section.
public struct EvaluationReport {
    private let folder: URL?
    /// The text so far.
    public private(set) var markdown = ""

    /// - Parameter folder: where pictures and text go; nil keeps the text alone.
    /// - Throws: where the folder cannot be made.
    public init(title: String, folder: URL?) throws {
        self.folder = folder
        if let folder { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
        markdown = "# \(title)\n"
    }

    /// Adds a section.
    public mutating func add(_ heading: String, _ text: String) { markdown += "\n## \(heading)\n\n\(text)" }

    /// Adds a strip of pictures; without a folder only its numbers.
    public mutating func add(_ strip: PictureStrip, of pair: String) throws {
        func text(_ value: Double) -> String { value.isNaN ? "–" : String(format: "%.2f", value) }
        markdown +=
            "\n**\(pair)**: \(strip.captions.joined(separator: " · ")). Uncertainty in grey levels: \(text(strip.deviation.uniform)) inside "
            + "uniform tissue, \(text(strip.deviation.disagreement)) at edges where the sources disagree.\n"
        try write(PNG.encode(strip.image), as: "\(pair).png", caption: pair)
    }

    /// Adds a plot, where there is a folder for it.
    public mutating func add(_ plot: ScatterPlot, as name: String) throws {
        try write(Array(plot.svg.utf8), as: "\(name).svg", caption: plot.title)
    }

    private mutating func write(_ bytes: some Sequence<UInt8>, as name: String, caption: String) throws {
        guard let folder else { return }
        try Data(bytes).write(to: folder.appending(path: name))
        markdown += "\n![\(caption)](\(name))\n"
    }

    /// Writes report.md; without a folder nothing.
    public func write() throws {
        guard let folder else { return }
        try Data(markdown.utf8).write(to: folder.appending(path: "report.md"))
    }
}
