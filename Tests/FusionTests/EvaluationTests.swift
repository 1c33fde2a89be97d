import Diffusion
import Foundation
#if canImport(FoundationXML)
    import FoundationXML
#endif
import Imaging
import Scores
import Testing

@testable import Fusion

@Suite("Evaluation") struct EvaluationTests {
    private static let pairs = Samples.pairs(2)

    @Test("a table has a row for each method, its means over the images")
    func table_HasRowsAndMeans() throws {
        var table = ScoreTable(Self.pairs)
        var done: [Int] = []
        for method in FusionMethod.baselines(.ct) { try table.add(method, on: Self.pairs) { done.append($0) } }
        #expect(table.rows.map(\.name) == FusionRules.bank.map(\.name) + ["copy of the MRI", "copy of the CT"])
        #expect(done.prefix(4) == [1, 2, 1, 2])
        let row = table.rows[1]
        let expected = try Self.pairs.map { pair in
            try FusionScores(
                first: pair.mri, second: pair.other, fused: Image(MaximumRule().fuse(pair.mri, pair.other)).luma(), convention: .published)
        }
        #expect(row.images == expected)
        #expect(abs(row.mean.vif - expected.map { $0.vif.sum! }.reduce(0, +) / 2) < 1e-12)
    }

    @Test("ranks count the six scores; equals share, the undefined is last, artefacts do not count")
    func meanRanks() throws {
        var table = ScoreTable(Self.pairs)
        try table.add(.rule(MaximumRule()), on: Self.pairs)
        try table.add(.rule(MaximumRule()), on: Self.pairs)
        #expect(table.meanRanks == [1.5, 1.5])
        try table.add(FusionMethod("copy", \.mri), on: Self.pairs)
        // SCD of a copy has no value: last. What else it wins or loses is counted from the means.
        let (rule, copy) = (table.rows[0].mean.values, table.rows[2].mean.values)
        #expect(copy[5].isNaN)
        let wins = (0..<5).count { copy[$0] > rule[$0] }
        let losses = (0..<5).count { copy[$0] < rule[$0] }
        let ties = 5 - wins - losses
        #expect(abs(table.meanRanks[2] - Double(wins + 3 * (losses + 1) + 2 * ties) / 6) < 1e-12)
        #expect(table.markdown.contains("| copy |") && table.markdown.contains("| – |"))
    }

    @Test("JSON has every image's scores under its name")
    func json() throws {
        var table = ScoreTable(Self.pairs, convention: .service)
        try table.add(.rule(MeanRule()), on: Self.pairs)
        let object = try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(table)) as? [String: Any])
        let row = try #require((object["rows"] as? [[String: Any]])?.first)
        #expect(object["convention"] as? String == "service" && row["name"] as? String == "mean")
        #expect(Set((row["images"] as? [String: Any])?.keys.map(\.self) ?? []) == Set(Self.pairs.map(\.name)))
    }

    @Test("the spread over seeds is that of fusions with these seeds")
    func seedSpread() throws {
        let fuser = try Samples.fuser()
        var options = FusionOptions()
        options.guidance = 0
        let spread = try SeedSpread(of: fuser.model, on: [Self.pairs[0]], options: options, seeds: 2)
        let scores = try (0..<2).map { index in
            options.seed = 42 + UInt64(index)
            var table = ScoreTable([Self.pairs[0]])
            return try table.add(.model(fuser.model, options), on: [Self.pairs[0]])
        }
        let (a, b) = (scores[0].psnr, scores[1].psnr)
        #expect(a != b)
        #expect(abs(spread.mean.psnr - (a + b) / 2) < 1e-9)
        // The deviation of two numbers is their distance over √2.
        #expect(abs(spread.percent[4] - 100 * abs(a - b) / 2.0.squareRoot() / abs((a + b) / 2)) < 1e-6)
        #expect(spread.greyLevels > 0)
    }

    @Test("a strip has a panel for each caption, and a report its files")
    func report() throws {
        let model = try Samples.fuser().model
        let strip = try PictureStrip(Self.pairs[0], rules: [MaximumRule()], model: model, options: .init(), samples: 2)
        #expect(strip.captions == ["MRI", "CT", "maximum", "tiny", "uncertainty ×8"])
        #expect(strip.image.width == 5 * 64 + 4 * 2 && strip.image.height == 64)
        let maximum = Image(MaximumRule().fuse(Self.pairs[0].mri, Self.pairs[0].other))
        for y in 0..<64 {
            #expect(strip.image.samples[y * strip.image.width + 132..<y * strip.image.width + 196] == maximum.samples[y * 64..<y * 64 + 64])
        }
        try Samples.withFolder { folder in
            var report = try EvaluationReport(title: "T", folder: folder)
            try report.add(strip, of: "phantom0")
            try report.add(ScatterPlot(title: "P", axes: ("x", "y"), [.init("a", [(label: "<1>", x: 1, y: 2)])]), as: "plot")
            try report.write()
            #expect(try String(contentsOf: folder.appending(path: "report.md"), encoding: .utf8) == report.markdown)
            #expect(try PNG.decode(Data(contentsOf: folder.appending(path: "phantom0.png"))) == strip.image)
            #expect(XMLParser(data: try Data(contentsOf: folder.appending(path: "plot.svg"))).parse())
        }
    }

    @Test("steps are swept for both η, and DDPM")
    func sweep() {
        let settings = StepSweep.settings(.init(), timesteps: 10)
        #expect(settings.map(\.name).last == "DDPM, 10 steps" && settings.count == 9)
        #expect(settings.filter { $0.options.eta == 1 }.map(\.options.steps) == [1, 2, 4, 8])
    }

    @Test("the bound has a term for every step, the same each time")
    func bound() throws {
        let model = try Samples.model(Samples.description(timesteps: 6))
        let pair = Self.pairs[0]
        let plain = try model.bound(of: MeanRule().fuse(pair.mri, pair.other), pair)
        #expect(plain.transitions.count == 5 && plain.total.isFinite && plain.total > 0)
        #expect(try model.bound(of: MeanRule().fuse(pair.mri, pair.other), pair) == plain)
    }

    @Test func trainingCurves_AreMeansOverStretches_AsSharesOfTheLargest() throws {
        var curves = TrainingCurves()
        curves.add("step,learning_rate,noise,vif")
        #expect(curves.plot() == nil)
        func add(_ steps: ClosedRange<Int>) {
            for step in steps { curves.add("\(step),0.1,\(step <= 2 ? 8 : 2),\(step)") }
        }
        add(1...120)
        curves.add("121,cut o")
        let plot = try #require(curves.plot())
        #expect(plot.series.map(\.name) == ["noise (1 is 8)", "vif (1 is 120)"])
        #expect(plot.series.map(\.points.count) == [120, 120])
        #expect(plot.series[0].points[2].x == 3 && plot.series[0].points[1].y == 1 && plot.series[0].points[2].y == 0.25)
        // More lines than points: stretches of two, the last half full.
        add(121...123)
        let longer = try #require(curves.plot())
        #expect(longer.series.map(\.points.count) == [62, 62])
        #expect(longer.series[0].points[0].x == 1.5 && longer.series[0].points[0].y == 1 && longer.series[0].points[1].y == 0.25)
        #expect(longer.series[1].points[60].x == 121.5 && longer.series[1].points[61].x == 123)
    }
}
