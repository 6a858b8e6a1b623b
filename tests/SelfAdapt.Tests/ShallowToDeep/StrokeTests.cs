using SelfAdapt.Files;
using SelfAdapt.Files.Regions;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.ShallowToDeep.Instances;
using SelfAdapt.ShallowToDeep.Metrics;
using SelfAdapt.ShallowToDeep.Strokes;
using SelfAdapt.Tests.Segmentation.Results;

namespace SelfAdapt.Tests.ShallowToDeep;

[TestClass]
internal sealed class StrokeTests
{
    [TestMethod]
    public void Painter_StaysInItsClass_AndFollowsTheSeed()
    {
        LabelImage masks = Discs();
        LabelImage strokes = StrokePainter.Paint(masks, new() { Strokes = 4, Length = 12 }, "a");
        int objects = 0;
        int background = 0;
        for (int i = 0; i < strokes.Labels.Length; i++)
        {
            objects += strokes.Labels[i] == StrokeImage.Object ? 1 : 0;
            background += strokes.Labels[i] == StrokeImage.Background ? 1 : 0;
            Assert.IsTrue(strokes.Labels[i] == 0 || strokes.Labels[i] == (masks.Labels[i] > 0 ? 2 : 1));
        }

        // A stroke covers a brush of 3x3 at least, and 4 strokes of 12 steps at most 9 pixels a step.
        Assert.IsInRange(9, 4 * 12 * 9, objects);
        Assert.IsInRange(9, 4 * 12 * 9, background);
        CollectionAssert.AreEqual(
            strokes.Labels, StrokePainter.Paint(masks, new() { Strokes = 4, Length = 12 }, "a").Labels);
        CollectionAssert.AreNotEqual(
            strokes.Labels, StrokePainter.Paint(masks, new() { Strokes = 4, Length = 12 }, "b").Labels);
        CollectionAssert.AreNotEqual(
            strokes.Labels, StrokePainter.Paint(masks, new() { Strokes = 4, Length = 12, Seed = 1 }, "a").Labels);
    }

    [TestMethod]
    public void Painter_DotsWhatIsThinnerThanTheBrush()
    {
        LabelImage line = new(9, 9, [.. Enumerable.Range(0, 81).Select(i => i % 9 == 4 ? 1 : 0)]);
        LabelImage strokes = StrokePainter.Paint(line, new() { Strokes = 1, Length = 3, Radius = 2 }, "a");
        Assert.IsTrue(strokes.Labels.Contains(StrokeImage.Object));
        Assert.IsTrue(Enumerable.Range(0, 81).All(i => strokes.Labels[i] != StrokeImage.Object || i % 9 == 4));
    }

    [TestMethod]
    public void Regions_ArePaintedAsImageJShowsThem()
    {
        Painted("22... 22... .....", new ImageJRegion("a", RegionShape.Rectangle, 2, 0, [new(0, 0), new(2, 2)]));
        Painted(".1.1. ..... ..1..", new ImageJRegion("bg", RegionShape.Point, 0, 0, [new(1, 0), new(3, 0), new(2, 2)]));
        Painted("1.... .1... ..1..", new ImageJRegion("Background 1", RegionShape.FreehandLine, 0, 0, [new(0, 0), new(2, 2)]));
        Painted("11111 11111 11111", new ImageJRegion("a", RegionShape.Line, 1, 3, [new(0, 1), new(4, 1)]));
        Painted(".222. 22222 .222.", new ImageJRegion("object", RegionShape.Oval, 0, 0, [new(0, 0), new(5, 3)]));
        Painted("2.... 22... 222..", new ImageJRegion("fg", RegionShape.Polygon, 0, 0, [new(0, 0), new(4, 3), new(0, 3)]));
        Painted("1112. ..... .....", new ImageJRegion("a", RegionShape.Angle, 1, 0, [new(0, 0), new(2, 0), new(3, 0)]),
            new("top", RegionShape.Point, 2, 0, [new(3, 0)]));
        Painted("..... ..... .....", new ImageJRegion("fg", RegionShape.Freehand, 0, 0, []));

        Refused("neither", new("cell 1", RegionShape.Point, 0, 0, [new(0, 0)]));
        Refused("another image", new("bg", RegionShape.Point, 0, 0, [new(0, 7)]));
        Refused("another image", new("bg", RegionShape.Point, 0, 0, [new(float.NaN, 0)]));

        static void Painted(string expected, params ImageJRegion[] regions)
        {
            LabelImage drawn = Drawn.Labels(expected);
            CollectionAssert.AreEqual(
                drawn.Labels, RegionStrokes.Draw(regions, "s.zip", drawn.Height, drawn.Width).Labels, expected);
        }

        static void Refused(string why, ImageJRegion region) => StringAssert.Contains(
            Assert.ThrowsExactly<SelfAdaptException>(() => RegionStrokes.Draw([region], "s.zip", 3, 5)).Message, why);
    }

    [TestMethod]
    [DataRow(2, 0, 0, 2, "2x2")]
    [DataRow(3, 0, 0, 7, "Masks of cells are no strokes")]
    public void Strokes_ThatDoNotFit_AreRefused(int side, int a, int b, int c, string expected)
    {
        int[] labels = new int[side * side];
        (labels[0], labels[1], labels[2]) = (a, b, c);
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(
            () => StrokeImage.Read(new LabelImage(side, side, labels), "s.png", 3, 3));
        StringAssert.Contains(e.Message, expected);
        Assert.AreEqual(ErrorKind.UnreadableInput, e.Kind);
    }

    [TestMethod]
    public void Strokes_OfOneClass_AreRefused()
    {
        StrokeImage.RequireBothClasses([true, false], "s");
        foreach ((bool[] classes, string word) in new[] { (Array.Empty<bool>(), "nothing"), ([true], "no background"), ([false], "no object") })
        {
            StringAssert.Contains(
                Assert.ThrowsExactly<SelfAdaptException>(() => StrokeImage.RequireBothClasses(classes, "s")).Message, word);
        }
    }

    [TestMethod]
    public void Distances_AreEuclids()
    {
        SelfAdapt.Engine.RandomStream random = new(3);
        (int height, int width) = (17, 23);
        bool[] inside = [.. Enumerable.Range(0, height * width).Select(_ => random.NextBool(0.9))];
        float[] found = DistanceTransform.Compute(inside, height, width);
        for (int i = 0; i < inside.Length; i++)
        {
            double nearest = Enumerable.Range(0, inside.Length).Where(j => !inside[j])
                .Min(j => Math.Sqrt(Math.Pow((i / width) - (j / width), 2) + Math.Pow((i % width) - (j % width), 2)));
            Assert.AreEqual(nearest, found[i], 1e-5);
        }

        Assert.IsTrue(DistanceTransform.Compute([true, true], 1, 2).All(d => d > 1000));
    }

    [TestMethod]
    public void Watershed_PartsTouchingDiscs_AndKeepsOneWhole()
    {
        // Two discs of radius 10 that overlap by 4 px, and one alone.
        float[] map = new float[60 * 100];
        foreach ((int cy, int cx) in new[] { (20, 20), (20, 36), (40, 80) })
        {
            for (int i = 0; i < map.Length; i++)
            {
                (int y, int x) = ((i / 100) - cy, (i % 100) - cx);
                map[i] = (y * y) + (x * x) <= 100 ? 0.9f : map[i];
            }
        }

        LabelImage parted = Watershed.Cut(map, 60, 100, new());
        Assert.AreEqual(3, parted.Labels.Max());
        Assert.AreNotEqual(parted.Labels[(20 * 100) + 20], parted.Labels[(20 * 100) + 36]);
        Assert.AreEqual(map.Count(p => p > 0.5f), parted.Labels.Count(l => l > 0));
        Assert.AreEqual(2, Watershed.Cut(map, 60, 100, new() { Depth = 0 }).Labels.Max());
        Assert.AreEqual(0, Watershed.Cut(map, 60, 100, new() { Threshold = 0.95 }).Labels.Max());
    }

    [TestMethod]
    public void Scores_AreTheirDefinitions()
    {
        ForegroundScores scores = new();
        scores.Add([1, 0.8f, 0.2f, 0], [true, false, true, false]);
        Assert.AreEqual(0.5, scores.F1, 1e-9);
        Assert.AreEqual(2 * 1.2 / (1 + 0.64 + 0.04 + 2), scores.SoftDice, 1e-6);

        LabelImage truth = new(1, 4, [1, 1, 2, 2]);
        Assert.AreEqual(0, VariationOfInformation.Of(truth, new(1, 4, [5, 5, 7, 7])).Sum, 1e-12);
        Assert.AreEqual(new(0, 1), VariationOfInformation.Of(truth, new(1, 4, [3, 3, 3, 3])));
        Assert.AreEqual(new(1, 0), VariationOfInformation.Of(truth, new(1, 4, [1, 2, 3, 4])));
    }

    private static LabelImage Discs()
    {
        int[] labels = new int[60 * 60];
        for (int i = 0; i < labels.Length; i++)
        {
            (int y, int x) = (i / 60 % 30, i % 60 % 30);
            labels[i] = ((y - 15) * (y - 15)) + ((x - 15) * (x - 15)) <= 64 ? 1 + (i / 1800 * 2) + (i % 60 / 30) : 0;
        }

        return new(60, 60, labels);
    }
}
