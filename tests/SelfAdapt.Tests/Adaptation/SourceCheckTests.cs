using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>What is noticed before anything is learnt.</summary>
[TestClass]
internal sealed class SourceCheckTests
{
    [TestMethod]
    [DataRow(0, 0.0, 26.0, "NoCells 8")]
    [DataRow(7, 26.0, 26.0, "HardlyAnyCells 7 8")]
    [DataRow(20, 26.0, 26.0, "")]
    [DataRow(100, 37.0, 26.0, "OtherSize 26 37")]
    [DataRow(100, 19.0, 26.0, "OtherSize 26 19")]
    [DataRow(100, 32.0, 26.0, "")]
    [DataRow(100, 37.0, 0.0, "")]
    [DataRow(7, 37.0, 26.0, "HardlyAnyCells 7 8")]
    public void OfSignals_SaysWhatTheFirstEvaluationShows(int cells, double found, double asked, string expected) =>
        Assert.AreEqual(
            expected,
            Words(SourceCheck.OfSignals(new LabelFreeSignals { Cells = cells, Diameter = found }, 8, asked)));

    [TestMethod]
    [DataRow(0, StopRule.Outlines, true)]
    [DataRow(0, StopRule.Both, true)]
    [DataRow(0, StopRule.None, false)]
    [DataRow(1, StopRule.Outlines, false)]
    public void IsHopeless_NoCellAndARuleThatWatchesCells(int cells, StopRule rule, bool expected) =>
        Assert.AreEqual(
            expected, SourceCheck.IsHopeless(new LabelFreeSignals { Cells = cells }, new AdaptationOptions { Stop = rule }));

    [TestMethod]
    [DataRow(0, 0, 2, "")]
    [DataRow(2, 0, 2, "EmptyChannel 2 1 3")]
    [DataRow(1, 2, 2, "EmptyHelper 2 1 3")]
    [DataRow(1, 2, 1, "")]
    [DataRow(1, 3, 2, "")]
    public void OfImages_ChannelsThatHoldNothing(int first, int second, int inputChannels, string expected)
    {
        // Channel 2 of the middle one is flat.
        NamedImage[] images = [.. Enumerable.Range(0, 3).Select(i => Picture(c => i == 1 && c == 1))];
        Assert.AreEqual(
            expected, Words(SourceCheck.OfImages(images, [], new ChannelPair(first, second), inputChannels)));
    }

    [TestMethod]
    public void OfImages_SeveralKinds_TheirCounts()
    {
        ImageKind[] kinds = [new(default, [0, 1, 2]), new(new(0.9, 0), [3, 4])];
        Assert.AreEqual("SeveralKinds 3 2", Words(SourceCheck.OfImages([], kinds, default, 2)));
        Assert.AreEqual("", Words(SourceCheck.OfImages([], kinds[..1], default, 2)));
    }

    private static string Words(IEnumerable<SourceNote> notes) =>
        string.Join("; ", notes.Select(n => $"{n.Finding} {string.Join(' ', n.Values)}"));

    private static NamedImage Picture(Func<int, bool> isFlat)
    {
        const int Side = 8;
        Image image = new(3, Side, Side, new float[3 * Side * Side]);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            image.Pixels[i] = isFlat(i / (Side * Side)) ? 5 : i;
        }

        return new NamedImage("i", "i.tif", image);
    }
}
