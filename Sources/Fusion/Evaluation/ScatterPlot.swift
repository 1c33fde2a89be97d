import Foundation

/// A plot of named points over two axes, as SVG (W3C SVG 1.1).
public struct ScatterPlot: Sendable {
    /// Points of one colour.
    public struct Series: Sendable {
        let name: String
        let points: [(label: String, x: Double, y: Double)]
        /// Whether a line joins the points in their order.
        let isLine: Bool

        public init(_ name: String, _ points: [(label: String, x: Double, y: Double)], isLine: Bool = false) {
            (self.name, self.points, self.isLine) = (name, points.filter { $0.x.isFinite && $0.y.isFinite }, isLine)
        }
    }

    let title: String
    let axes: (x: String, y: String)
    let series: [Series]
    /// Whether the horizontal axis is logarithmic.
    let isLogarithmic: Bool

    public init(title: String, axes: (x: String, y: String), isLogarithmic: Bool = false, _ series: [Series]) {
        (self.title, self.axes, self.isLogarithmic, self.series) = (title, axes, isLogarithmic, series)
    }

    private static let (width, height, margin) = (720.0, 460.0, 64.0)
    private static let colours = ["#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a", "#0a7ea4", "#bf3989"]

    /// The picture. O(points).
    public var svg: String {
        let points = series.flatMap(\.points)
        let (h, v) = (Axis(points.map { horizontal($0.x) }), Axis(points.map(\.y)))
        func x(_ value: Double) -> Double { Self.margin + h.share(horizontal(value)) * (Self.width - 1.5 * Self.margin) }
        func y(_ value: Double) -> Double { Self.height - Self.margin - v.share(value) * (Self.height - 1.75 * Self.margin) }
        var body = ""
        for tick in v.ticks {
            body += line(Self.margin, y(tick), Self.width - Self.margin / 2, y(tick))
            body += text(Self.margin - 6, y(tick) + 4, v.label(tick), anchor: "end")
        }
        for tick in isLogarithmic ? Set(points.map(\.x)).sorted() : h.ticks {
            body += text(x(tick), Self.height - Self.margin + 18, isLogarithmic ? String(Int(tick)) : h.label(tick), anchor: "middle")
        }
        for (index, series) in series.enumerated() {
            let colour = Self.colours[index % Self.colours.count]
            if series.isLine {
                let path = series.points.map { "\(decimal(x($0.x))),\(decimal(y($0.y)))" }.joined(separator: " ")
                body += "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>\n"
            }
            for point in series.points {
                body += "<circle cx=\"\(decimal(x(point.x)))\" cy=\"\(decimal(y(point.y)))\" r=\"4\" fill=\"\(colour)\"/>\n"
                body += text(x(point.x) + 7, y(point.y) - 5, point.label)
            }
            let top = 30 + 16 * Double(index)
            body += "<circle cx=\"\(decimal(Self.width - 180))\" cy=\"\(top)\" r=\"4\" fill=\"\(colour)\"/>\n"
            body += text(Self.width - 170, top + 4, series.name)
        }
        body += text(Self.margin, 22, title, size: 15)
        body += text(Self.width / 2, Self.height - 16, axes.x, anchor: "middle")
        body += text(16, 40, axes.y)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" font-family="sans-serif">
            <rect width="100%" height="100%" fill="white"/>
            \(body)</svg>

            """
    }

    private func horizontal(_ value: Double) -> Double { isLogarithmic ? log10(value) : value }

    private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        "<line x1=\"\(decimal(x1))\" y1=\"\(decimal(y1))\" x2=\"\(decimal(x2))\" y2=\"\(decimal(y2))\" stroke=\"#d0d7de\"/>\n"
    }

    private func text(_ x: Double, _ y: Double, _ text: String, anchor: String = "start", size: Int = 11) -> String {
        let escaped = text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
        return "<text x=\"\(decimal(x))\" y=\"\(decimal(y))\" font-size=\"\(size)\" text-anchor=\"\(anchor)\">\(escaped)</text>\n"
    }

    private func decimal(_ value: Double) -> String { String(format: "%.1f", value) }

    /// A range with round ticks.
    private struct Axis {
        let low: Double
        let high: Double
        let step: Double

        init(_ values: [Double]) {
            let (least, most) = (values.min() ?? 0, values.max() ?? 1)
            let room = max(most - least, 1e-3)
            let rough = room / 5
            let power = pow(10, log10(rough).rounded(.down))
            step = power * ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10)
            low = ((least - 0.05 * room) / step).rounded(.down) * step
            high = ((most + 0.05 * room) / step).rounded(.up) * step
        }

        var ticks: [Double] { Array(stride(from: low, through: high + step / 2, by: step)) }
        func share(_ value: Double) -> Double { (value - low) / (high - low) }
        func label(_ tick: Double) -> String { String(format: "%.\(max(0, Int(-log10(step).rounded(.down))))f", tick) }
    }
}
