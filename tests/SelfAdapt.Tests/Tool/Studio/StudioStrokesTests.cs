using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;
using SelfAdapt.ShallowToDeep.Strokes;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Studio;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>Strokes on the disk, and the forest that learns from them while somebody paints.</summary>
[TestClass]
internal sealed class StudioStrokesTests : IDisposable
{
    private const int Side = 250;

    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public async Task Map_IsTheVerbs_AndItsPartsAreThoseOfTheWhole()
    {
        WriteImages(3);
        using StudioSession studio = Open();
        Paint(studio, 0, 0);
        Paint(studio, 2, 0);
        MapPart whole = new(0, 0, Side, Side, 1);
        byte[] map = (await studio.Forest.MapAsync(1, 0, whole, 0, default))!;

        Assert.AreEqual(ExitCode.Ok, Strokes(studio).Code);
        float[] expected = ImageFile.Read(_at.At("out", "image_1_forest.tif")).Pixels;
        CollectionAssert.AreEqual(Array.ConvertAll(expected, p => (byte)((255 * p) + 0.5f)), map, "the verb's forest is the page's");

        MapPart part = new(100, 36, 101, 203, 4);
        byte[] seen = (await studio.Forest.MapAsync(1, 0, part, 1, default))!;
        Assert.HasCount(26 * 51, seen);
        for (int i = 0; i < seen.Length; i++)
        {
            Assert.AreEqual(map[((100 + (i / 51 * 4)) * Side) + 36 + (i % 51 * 4)], seen[i], $"pixel {i}");
        }

        (byte[] again, LabelImage objects) = (await studio.Forest.ObjectsAsync(1, 0, whole, new StrokeSetup(), 0, default))!.Value;
        CollectionAssert.AreEqual(map, again);
        CollectionAssert.AreEqual(LabelFile.Read(_at.At("out", "image_1_cp_masks.tif")).Labels, objects.Labels);
        (byte[] enhanced, _) = (await studio.Forest.ObjectsAsync(1, 0, whole, new StrokeSetup { Enhance = true }, 0, default))!.Value;
        CollectionAssert.AreNotEqual(map, enhanced);
    }

    [TestMethod]
    public async Task Map_FollowsEveryStroke_AndAnErasedClassTakesItAway()
    {
        WriteImages(1);
        using StudioSession studio = Open();
        MapPart whole = new(0, 0, Side, Side, 1);
        Assert.IsNull(await studio.Forest.MapAsync(0, 0, whole, 0, default));
        Paint(studio, 0, 0);
        byte[] first = (await studio.Forest.MapAsync(0, 0, whole, 0, default))!;
        NamedImage image = studio.Plane(0, 0)!;
        studio.Strokes.Change(0, 0, image, Patch(10, 10, 8, 60, StrokeImage.Object));
        byte[] second = (await studio.Forest.MapAsync(0, 0, whole, 0, default))!;
        CollectionAssert.AreNotEqual(first, second);
        Assert.IsGreaterThan(200, second[(13 * Side) + 40], "what is painted as object becomes object");
        studio.Strokes.Change(0, 0, image, Patch(0, 0, Side, Side, StrokeImage.Unknown));
        Assert.IsNull(await studio.Forest.MapAsync(0, 0, whole, 0, default));
        Assert.IsEmpty(Directory.GetFiles(studio.Strokes.Folder));
    }

    [TestMethod]
    public void Strokes_OfAnEarlierSession_AreThere()
    {
        WriteImages(2);
        using (StudioSession studio = Open())
        {
            Paint(studio, 1, 0);
        }

        using StudioSession again = Open();
        PaintedImage painted = again.Strokes.Painted.Single();
        Assert.AreEqual((1, 0), (painted.Index, painted.Plane));
        Assert.IsGreaterThan(20, painted.ObjectPixels);
        Assert.IsGreaterThan(20, painted.BackgroundPixels);
    }

    [TestMethod]
    public void Strokes_Damaged_AreNamedOnTheirImage_AndTheOthersAreThere()
    {
        WriteImages(2);
        using (StudioSession studio = Open())
        {
            Paint(studio, 0, 0);
            Paint(studio, 1, 0);
            File.WriteAllText(Path.Combine(studio.Strokes.Folder, "image_0_strokes.png"), "no picture");
        }

        using StudioSession again = Open();
        Assert.AreEqual(1, again.Strokes.Painted.Single().Index);
        Assert.ThrowsExactly<SelfAdaptException>(() => again.Strokes.Read(0, again.Plane(0, 0)!));
    }

    [TestMethod]
    public void SameName_OfTwoImages_OnlyTheFirstIsPainted()
    {
        WriteImages(1);
        ImageFile.WriteTiff(_at.At("images", "image_0.tiff"), new Image(1, 2, 3, [1, 2, 3, 4, 5, 6]));
        using StudioSession studio = Open();
        Paint(studio, 0, 0);
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(() => studio.Strokes.Change(
            1, 0, studio.Plane(1, 0)!, Patch(0, 0, 1, 1, StrokeImage.Object)));
        StringAssert.Contains(error.Message, "same name", StringComparison.Ordinal);
        Assert.HasCount(6, studio.Strokes.Read(1, studio.Plane(1, 0)!), "the other has none, of its own size");
    }

    [TestMethod]
    public void Stack_ItsPlanesAreImages_HereAndInTheVerb()
    {
        Directory.CreateDirectory(_at.At("images"));
        LabelFile.WriteTiff(_at.At("images", "stack.tif"), [.. Enumerable.Range(0, 3).Select(
            i => Image(i)).Select(m => new LabelImage(Side, Side, Array.ConvertAll(m.Image.Pixels, p => (int)p)))]);
        using StudioSession studio = Open();
        Paint(studio, 0, 1);
        Assert.IsTrue(File.Exists(Path.Combine(studio.Strokes.Folder, "stack_p0002_strokes.png")));
        Assert.AreEqual(1, studio.Strokes.Painted.Single().Plane);
        Assert.AreEqual(ExitCode.Ok, Strokes(studio).Code);
        Assert.HasCount(3, Directory.GetFiles(_at.At("out"), "stack_p000?_cp_masks.tif"));
        JsonNode last = ToolRun.Json(_at.At("out", "summary.json"))["images"]![2]!;
        Assert.AreEqual(("stack.tif", 2, "stack_p0003"), ((string)last["file"]!, (int)last["plane"]!, (string)last["name"]!));

        // Which of the planes is meant must be said.
        File.Move(
            Path.Combine(studio.Strokes.Folder, "stack_p0002_strokes.png"), Path.Combine(studio.Strokes.Folder, "stack_strokes.png"));
        StringAssert.Contains(Strokes(studio).Error, "3 planes", StringComparison.Ordinal);
    }

    [TestMethod]
    public void ManyPaintedPixels_AreThinnedTheSameWay_AndReadOnce()
    {
        int[] places = [.. Enumerable.Range(0, 40_000)];
        PaintedImage painted = new("x", 0, 0, places, [.. places.Select(p => p % 2 == 0)]) { Version = 1 };
        List<int> computed = [];
        TrainingPixels Compute(IReadOnlyList<int> missing)
        {
            computed.AddRange(missing);
            return new TrainingPixels(new float[FeatureSet.Fast.Columns * missing.Count], new bool[missing.Count]);
        }

        PaintedFeatures features = new();
        TrainingPixels half = features.Read(painted, (2, 2), FeatureSet.Fast, Compute);
        Assert.AreEqual(20_000, half.Count, 1_000);
        Assert.AreEqual(10_000, half.Object.Count(o => o), 1_000);
        int read = computed.Count;
        TrainingPixels less = features.Read(painted with { Version = 2 }, (4, 2), FeatureSet.Fast, Compute);
        Assert.AreEqual(15_000, less.Count, 1_000);
        Assert.HasCount(read, computed, "what is taken now was taken before");
    }

    private static Micrograph Image(int number) => MicrographSimulator.Simulate(
        MicrographOptions.Shifted with { Height = Side, Width = Side, Nuclei = 40 }, (ulong)number);

    private static StrokePatch Patch(int top, int left, int height, int width, int value) =>
        new(top, left, height, width, Enumerable.Repeat((byte)value, height * width).ToArray());

    /// <summary>Simulated strokes on an image whose truth is simulated, too.</summary>
    private static void Paint(StudioSession studio, int index, int plane)
    {
        LabelImage strokes = StrokePainter.Paint(Image(index + plane).Labels, new PaintOptions(), "truth");
        studio.Strokes.Change(
            index, plane, studio.Plane(index, plane)!,
            new StrokePatch(0, 0, Side, Side, Array.ConvertAll(strokes.Labels, l => (byte)l)));
    }

    private void WriteImages(int count)
    {
        Directory.CreateDirectory(_at.At("images"));
        for (int i = 0; i < count; i++)
        {
            ImageFile.WriteTiff(_at.At("images", $"image_{i}.tif"), Image(i).Image);
        }
    }

    private StudioSession Open() => StudioSession.Open(_at.At("images"), _at.At("project"));

    private ToolResult Strokes(StudioSession studio) => ToolRun.Run(
        "strokes", "--images", _at.At("images"), "--strokes", studio.Strokes.Folder, "--out", _at.At("out"), "--force");
}
