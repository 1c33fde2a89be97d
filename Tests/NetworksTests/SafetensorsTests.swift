import Foundation
import Networks
import TestSupport
import Testing

/// The file format in both directions.
struct SafetensorsTests {
    private static let fixtures = Bundle.module.resourceURL!.appending(path: "Fixtures")

    private let sample = Safetensors(
        tensors: [
            "b.weight": Tensor.random(Shape(3, 3, 2, 5), seed: 1),
            "a": Tensor(.vector(3), [-0.0, .greatestFiniteMagnitude, .leastNonzeroMagnitude]),
            "ä/\"\\\u{1F9E0}": Tensor(.vector(1), [1]),
        ], metadata: ["steps": "3", "note": "two\nlines"])

    @Test func contents_SurviveTheRoundTrip_BitByBit() throws {
        let read = try Safetensors(sample.encoded())
        #expect(read.metadata == sample.metadata)
        #expect(Set(read.tensors.keys) == Set(sample.tensors.keys))
        for (name, tensor) in sample.tensors {
            #expect(read.tensors[name]?.shape == tensor.shape)
            #expect(read.tensors[name]?.values.map(\.bitPattern) == tensor.values.map(\.bitPattern), "\(name)")
        }
    }

    @Test func notANumber_SurvivesTheRoundTrip() throws {
        let bits: [UInt32] = [0x7FC0_1234, 0xFF80_0000, 0x7F80_0000]
        let read = try Safetensors(Safetensors(tensors: ["x": Tensor(.vector(3), bits.map { Float(bitPattern: $0) })]).encoded())
        #expect(read.tensors["x"]?.values.map(\.bitPattern) == bits)
    }

    @Test func equalContents_GiveEqualBytes() throws {
        let tensors = (0..<40).map { ("layer.\($0)", Tensor.random(.vector(5), seed: UInt64($0))) }
        let first = try Safetensors(tensors: Dictionary(uniqueKeysWithValues: tensors)).encoded()
        #expect(try Safetensors(tensors: Dictionary(uniqueKeysWithValues: tensors.reversed())).encoded() == first)
    }

    @Test func elements_BeginOnEightBytes() throws {
        let data = try sample.encoded()
        let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(length % 8 == 0)
        #expect(data.count == 8 + length + 4 * (90 + 3 + 1))
    }

    @Test func emptyFile_HoldsNothing() throws {
        #expect(try Safetensors(Safetensors(tensors: [:]).encoded()).tensors.isEmpty)
    }

    @Test func data_MayBeASliceOfMore() throws {
        let data = try sample.encoded()
        let slice = (Data([1, 2, 3, 4, 5]) + data)[5...]
        #expect(try Safetensors(slice).tensors["a"]?.values == sample.tensors["a"]?.values)
    }

    @Test func file_SurvivesTheRoundTrip() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).safetensors")
        defer { try? FileManager.default.removeItem(at: url) }
        try sample.write(to: url)
        try sample.write(to: url)
        #expect(try Safetensors(contentsOf: url).encoded() == sample.encoded())
        #expect(throws: (any Error).self) { try Safetensors(contentsOf: url.appending(path: "nothing")) }
    }

    /// A file by the Python package: axes are filled up with 1 on the left.
    @Test func pythonsFile_IsRead() throws {
        let read = try Safetensors(contentsOf: Self.fixtures.appending(path: "python.safetensors"))
        #expect(read.metadata == ["made by": "the Python package", "ümlaut": "µ"])
        #expect(read.tensors.count == 4)
        #expect(read.tensors["scalar"]?.shape == Shape(1, 1, 1, 1))
        #expect(read.tensors["scalar"]?.values == [2.5])
        #expect(read.tensors["vector"]?.shape == .vector(3))
        #expect(read.tensors["vector"]?.values.map(\.bitPattern) == [1, -0.0, .greatestFiniteMagnitude].map { (x: Float) in x.bitPattern })
        #expect(read.tensors["grid.weight"]?.shape == .matrix(2, 3))
        #expect(read.tensors["grid.weight"]?.values == [0, 1, 2, 3, 4, 5])
        #expect(read.tensors["four"]?.shape == Shape(1, 2, 2, 2))
        #expect(read.tensors["four"]?.values == [-4, -3, -2, -1, 0, 1, 2, 3])
    }

    @Test(.enabled(if: Python.path != nil, "no python3 with numpy and safetensors is at hand"))
    func ourFile_IsReadByPython() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).safetensors")
        defer { try? FileManager.default.removeItem(at: url) }
        try sample.write(to: url)
        let script = """
            import sys
            from safetensors import safe_open
            with safe_open(sys.argv[1], "np") as file:
                assert file.metadata() == {"steps": "3", "note": "two\\nlines"}, file.metadata()
                for name in sorted(file.keys()):
                    x = file.get_tensor(name)
                    print(x.shape, *(str(v) for v in x.view("uint32").flatten()))
            """
        let output = try #require(Python.run(script, url.path))
        let expected = sample.tensors.sorted { $0.key < $1.key }.map { _, x in
            "\(x.shape) " + x.values.map { String($0.bitPattern) }.joined(separator: " ")
        }
        #expect(output.split(separator: "\n").map(String.init) == expected)
    }
}

/// A Python that knows the format, where there is one: the one that AMALGAM_PYTHON names, or python3.
private enum Python {
    static let path: String? = {
        let candidate = ProcessInfo.processInfo.environment["AMALGAM_PYTHON"] ?? "python3"
        return run("import numpy, safetensors", "", path: candidate) == nil ? nil : candidate
    }()

    /// What a script prints; nil where it fails.
    static func run(_ script: String, _ argument: String, path: String? = nil) -> String? {
        guard let path = path ?? Self.path else { return nil }
        let (process, pipe) = (Process(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [path, "-c", script, argument]
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: output, as: UTF8.self) : nil
    }
}
