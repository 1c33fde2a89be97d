import Foundation
import Testing

@testable import Jobs

@Suite struct JobIDTests {
    @Test func ids_RiseStrictly_EvenWhenTheClockGoesBack() {
        let generator = IDGenerator(after: nil)
        let times = [5.0, 5, 4, 6, 0, 6].map(Date.init(timeIntervalSince1970:))
        let ids = times.map(generator.next)
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == times.count)
        #expect(IDGenerator(after: ids.last).next(at: .distantPast) > ids.last!)
    }

    @Test func id_SurvivesItsText() throws {
        let id = Job.ID(microseconds: 1_800_000_000_123_456)
        #expect(id.microseconds == 1_800_000_000_123_456)
        #expect(Job.ID(id.description) == id)
        #expect(try JSONDecoder().decode([Job.ID].self, from: JSONEncoder().encode([id])) == [id])
    }

    @Test(arguments: [
        "", "abc", String(repeating: "u", count: 32), String(repeating: "0", count: 33), "../" + String(repeating: "0", count: 29),
    ])
    func text_IsRefused_WhenNoGeneratorMadeIt(_ text: String) {
        #expect(Job.ID(text) == nil)
    }

    @Test func randomPart_Differs_AtTheSameMicrosecond() {
        let ids = Set((0..<1000).map { _ in Job.ID(microseconds: 1).description.suffix(20) })
        #expect(ids.count == 1000)
    }
}
