using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Tests.Segmentation;

[TestClass]
internal sealed class PlaneStitchingTests
{
    [TestMethod]
    public void Stitch_CellsThatOverlap_ShareANumber() => Check(
        ["1110220", "2201110", "1102220"],
        // Cell 1 of the second plane is cell 2 of the first; its cell 2 is the first's cell 1.
        ["1110220", "1102220", "1102220"], 0.4);

    [TestMethod]
    public void Stitch_TooLittleOverlap_BeginsANewCell() => Check(
        ["1111000", "0011110"], ["1111000", "0022220"], 0.5);

    [TestMethod]
    public void Stitch_TwoCellsOverOne_TheBetterTakesItsNumber() => Check(
        ["1111110", "1102222"], ["1111110", "2201111"], 0.1);

    [TestMethod]
    public void Stitch_OneCellOverTwo_TakesTheBetter() => Check(
        ["1102222", "1111111"], ["1102222", "2222222"], 0.1);

    [TestMethod]
    public void Stitch_EmptyPlanes_NumbersGoOn() => Check(
        ["0000000", "1110000", "0000000", "1110022"],
        ["0000000", "1110000", "0000000", "2220033"], 0.3);

    [TestMethod]
    public void Stitch_SmallInOnePlaneAndLargeInTheStack_Stays()
    {
        LabelImage[] stitched = PlaneStitching.Stitch([Plane("1102000"), Plane("1100000"), Plane("1100000")], 0.5, minSize: 5);
        CollectionAssert.AreEqual(
            new[] { "1100000", "1100000", "1100000" }, stitched.Select(Text).ToArray());
    }

    private static void Check(string[] planes, string[] expected, double threshold) => CollectionAssert.AreEqual(
        expected, PlaneStitching.Stitch([.. planes.Select(Plane)], threshold, minSize: 0).Select(Text).ToArray());

    private static LabelImage Plane(string digits) => new(1, digits.Length, [.. digits.Select(d => d - '0')]);

    private static string Text(LabelImage plane) => string.Concat(plane.Labels);
}
