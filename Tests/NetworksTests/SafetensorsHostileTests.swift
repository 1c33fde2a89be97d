import Foundation
import Networks
import TestSupport
import Testing

/// Damaged and malicious files give errors, never a crash and never a tensor from outside the file.
struct SafetensorsHostileTests {
    /// A file of this header and so many bytes of elements.
    private func file(_ header: String, bytes: Int) -> Data {
        var data = Data((0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) })
        data.append(contentsOf: header.utf8)
        data.append(Data(repeating: 0x3F, count: bytes))
        return data
    }

    private func tensor(_ fields: String) -> String { "{\"x\":{\(fields)}}" }

    @Test func controlCase_IsRead() throws {
        let data = file(tensor(#""dtype":"F32","shape":[2],"data_offsets":[0,8]"#), bytes: 8)
        #expect(try Safetensors(data).tensors["x"]?.shape == .vector(2))
    }

    @Test func truncation_IsAnError_AtEveryByte() throws {
        let whole = try Safetensors(
            tensors: ["a": Tensor.random(.vector(7), seed: 1), "b": Tensor.random(Shape(1, 2, 3, 1), seed: 2)], metadata: ["k": "v"]
        ).encoded()
        for count in 0..<whole.count {
            #expect(throws: Safetensors.Problem.self, "\(count) of \(whole.count) bytes") { try Safetensors(whole.prefix(count)) }
        }
    }

    /// Whatever is read from a file with a changed byte lies inside it; most changes are errors.
    @Test func changedBytes_NeverCrash() throws {
        let whole = try Safetensors(tensors: ["a": Tensor.random(.vector(2), seed: 1), "b": Tensor.random(.vector(3), seed: 2)]).encoded()
        var generator = Philox(seed: 4)
        for position in 0..<whole.count - 20 {
            for _ in 0..<4 {
                var data = whole
                data[position] = UInt8.random(in: 0...255, using: &generator)
                if let read = try? Safetensors(data) {
                    #expect(read.tensors.values.reduce(0) { $0 + $1.count } <= 5, "byte \(position) is \(data[position])")
                }
            }
        }
    }

    @Test(arguments: [UInt64.max, 1 << 63, (1 << 63) - 1, 1 << 62, 1 << 32, 1000] as [UInt64])
    func hugeHeaderLength_IsAnError(_ length: UInt64) {
        var data = Data((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) })
        data.append(Data("{}      ".utf8))
        #expect(throws: Safetensors.Problem.truncated) { try Safetensors(data) }
    }

    @Test(arguments: ["", "x", "[]", "1", "null", "{", "{\"x\":1}", "{\"x\":[]}", "{\"x\":{}}", "\u{FEFF}{", "{\"x\":null}"])
    func headerOfAnotherKind_IsAnError(_ header: String) {
        #expect(throws: Safetensors.Problem.self) { try Safetensors(file(header, bytes: 8)) }
    }

    @Test func deepNesting_IsAnError() {
        let header = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(throws: Safetensors.Problem.self) { try Safetensors(file(header, bytes: 0)) }
        #expect(throws: Safetensors.Problem.self) {
            try Safetensors(file("{\"x\":" + String(repeating: "{\"x\":", count: 100_000), bytes: 0))
        }
    }

    @Test(
        arguments: [
            #""shape":[2],"data_offsets":[0,8]"#, #""dtype":"F32","data_offsets":[0,8]"#, #""dtype":"F32","shape":[2]"#,
            #""dtype":1,"shape":[2],"data_offsets":[0,8]"#, #""dtype":"F32","shape":2,"data_offsets":[0,8]"#,
            #""dtype":"F32","shape":["2"],"data_offsets":[0,8]"#, #""dtype":"F32","shape":[2.5],"data_offsets":[0,8]"#,
            #""dtype":"F32","shape":[1e300],"data_offsets":[0,8]"#, #""dtype":"F32","shape":[2],"data_offsets":[0]"#,
            #""dtype":"F32","shape":[2],"data_offsets":[0,4,8]"#, #""dtype":"F32","shape":[1,1,1,1,2],"data_offsets":[0,8]"#,
            #""dtype":"F32","shape":[0],"data_offsets":[0,0]"#, #""dtype":"F32","shape":[-2],"data_offsets":[0,8]"#,
            #""dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]"#, #""dtype":"F32","shape":[2],"data_offsets":[8,0]"#,
            #""dtype":"F32","shape":[2],"data_offsets":[-8,0]"#, #""dtype":"F32","shape":[2],"data_offsets":[4,12]"#,
            #""dtype":"F32","shape":[2],"data_offsets":[0,4]"#, #""dtype":"F32","shape":[3],"data_offsets":[0,12]"#,
            #""dtype":"F32","shape":[2],"data_offsets":[9223372036854775800,9223372036854775807]"#,
            #""dtype":"F32","shape":[2],"data_offsets":[-9223372036854775808,9223372036854775807]"#,
            #""dtype":"F32","shape":[2147483647,2147483647,2147483647,2147483647],"data_offsets":[0,8]"#,
            #""dtype":"F32","shape":[65536,65536,65536,65536],"data_offsets":[0,0]"#,
            #""dtype":"F32","shape":[2147483648,2147483648,2],"data_offsets":[0,8]"#,
            #""dtype":"F32","shape":[1152921504606846976,16],"data_offsets":[0,0]"#,
            #""dtype":"F32","shape":[99999999999999999999999],"data_offsets":[0,8]"#,
        ])
    func badTensor_IsAnError(_ fields: String) {
        #expect(throws: Safetensors.Problem.self) { try Safetensors(file(tensor(fields), bytes: 8)) }
    }

    @Test(arguments: ["F64", "F16", "BF16", "I32", "U8", "BOOL", "f32", ""])
    func otherType_IsNamed(_ type: String) {
        #expect(throws: Safetensors.Problem.unsupported(tensor: "x", type: type)) {
            try Safetensors(file(tensor(#""dtype":"\#(type)","shape":[2],"data_offsets":[0,8]"#), bytes: 8))
        }
    }

    /// The format: "the byte buffer needs to be entirely indexed, and cannot contain holes", nor may tensors overlap. Without that, a small
    /// file of many tensors on the same bytes would ask for any amount of memory.
    @Test(
        arguments: [
            ("overlap", "[0,8]", "[4,12]", 12), ("same bytes", "[0,8]", "[0,8]", 8), ("hole", "[0,8]", "[12,20]", 20),
            ("rest", "[0,8]", "[8,16]", 20), ("late start", "[4,12]", "[12,20]", 20),
        ])
    func tensorsThatDoNotTileTheFile_AreAnError(name: String, first: String, second: String, bytes: Int) {
        let header =
            #"{"x":{"dtype":"F32","shape":[2],"data_offsets":\#(first)},"y":{"dtype":"F32","shape":[2],"data_offsets":\#(second)}}"#
        #expect(throws: Safetensors.Problem.self, "\(name)") { try Safetensors(file(header, bytes: bytes)) }
    }
}
