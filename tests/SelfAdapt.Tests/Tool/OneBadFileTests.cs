using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Results;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>One file of many that can't be used is named, the others are done, and the exit code tells.</summary>
[TestClass]
internal sealed class OneBadFileTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Segment_PictureOnePixelWide_IsDoneAtAnyDiameter()
    {
        ImageFile.WriteTiff(Path.Combine(_at.Images(2), "a.tif"), Ramp(1, 128, 1));
        foreach (string diameter in (string[])["4", "12", "400"])
        {
            ToolResult result = Segment("--diameter", diameter, "--force");
            Assert.AreEqual(ExitCode.Ok, result.Code, result.Error);
            Assert.AreEqual((128, 1), Size(LabelFile.Read(_at.At("out", "a_cp_masks.tif"))));
        }
    }

    [TestMethod]
    public void Segment_AdaptTrain_PixelsWithoutData_AreFilledAndSaid()
    {
        string images = _at.Images(4);
        Image holed = ImageFile.Read(Path.Combine(images, "i1_img.tif"));
        holed.Pixels[100] = -3.4e38f;
        holed.Pixels[101] = float.NaN;
        ImageFile.WriteTiff(Path.Combine(images, "i1_img.tif"), holed);

        ToolResult segmented = Segment();
        Assert.AreEqual(ExitCode.Ok, segmented.Code, segmented.Error);
        StringAssert.Contains(segmented.Error + segmented.Out, "i1_img: 2 of 2,304 pixels", StringComparison.Ordinal);
        ToolResult adapted = Adapt();
        Assert.AreEqual(ExitCode.Ok, adapted.Code, adapted.Error);
        StringAssert.Contains(adapted.Error, "i1_img: 2 of 2,304 pixels", StringComparison.Ordinal);
        ToolResult trained = Train();
        Assert.AreEqual(ExitCode.Ok, trained.Code, trained.Error);
    }

    [TestMethod]
    public void Segment_ImageTooLargeAtTheDiameter_OthersAreDone()
    {
        // One pixel of diameter brings this picture to three thousand million pixels.
        ImageFile.WriteTiff(Path.Combine(_at.Images(2), "huge.tif"), Ramp(1, 4000, 5000));
        Partly(Segment("--diameter", "1", "--memory-limit", "9000GB"), "huge.tif", 2);
    }

    [TestMethod]
    public void SegmentAdaptTrain_ImageWithoutTheChannel_OthersAreDone()
    {
        ImageFile.WriteTiff(Path.Combine(_at.Images(4), "i9_img.tif"), Ramp(2, 48, 48));
        LabelFile.WritePng(Path.Combine(_at.Masks(4), "i9_masks.png"), new LabelImage(48, 48, Checks()));
        Partly(Segment("--chan", "3"), "i9_img.tif", 4);
        Partly(Adapt("--chan", "3"), "i9_img.tif");
        Partly(Train("--chan", "3"), "i9");
    }

    [TestMethod]
    public void TrainAndEvaluate_MasksOfAnotherSizeAndDamagedOnes_OthersAreDone()
    {
        _at.Images(4);
        LabelFile.WritePng(Path.Combine(_at.Masks(4), "i0_masks.png"), new LabelImage(20, 20, new int[400]));
        File.WriteAllBytes(_at.At("labels", "i1_masks.png"), File.ReadAllBytes(_at.At("labels", "i1_masks.png"))[..60]);

        Partly(Train(), "i0_masks.png");
        _at.Masks(4, "found");
        ToolResult result = ToolRun.Run(
            "evaluate", "--predictions", _at.At("found"), "--labels", _at.At("labels"), "--json", _at.At("r.json"));
        Partly(result, "i1_masks.png", 2);
        Assert.HasCount(2, ToolRun.Json(_at.At("r.json"))["skipped"]!.AsArray());
    }

    [TestMethod]
    public void Segment_ResultThatIsThereForAPage_OthersAreDone()
    {
        string images = _at.Images(2);
        Image plane = ImageFile.Read(Path.Combine(images, "i0_img.tif"));
        float[] values = [.. plane.Pixels, .. plane.Pixels];
        File.WriteAllBytes(Path.Combine(images, "a.tif"), SelfAdapt.Files.Tiff.TiffWriter.Encode(
            SampleKind.Float32, 2, 48, 48, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()),
            "ImageJ=1.11a\nimages=2\nslices=2\n"));
        Directory.CreateDirectory(_at.At("out"));
        File.WriteAllText(_at.At("out", "a_p0002_cp_masks.tif"), "mine");

        Partly(Segment(), "a.tif", 3);
        Assert.AreEqual("mine", File.ReadAllText(_at.At("out", "a_p0002_cp_masks.tif")));
    }

    [TestMethod]
    public void Segment_ImageTooWideForRegions_GetsGeoJson()
    {
        ImageFile.WriteTiff(Path.Combine(_at.Images(1), "long.tif"), Ramp(1, 2, 32_800));
        ToolResult result = Segment("--format", "rois", "--diameter", "60");
        Assert.AreEqual(ExitCode.Ok, result.Code, result.Error);
        Assert.IsTrue(File.Exists(_at.At("out", "long_cells.geojson")));
        Assert.IsTrue(File.Exists(_at.At("out", "i0_img_rois.zip")));
    }

    [TestMethod]
    public void RoiArchive_OutlineWithMoreCornersThanARegionCounts_IsWritten()
    {
        // A comb with teeth on both sides: eight corners for two pixels of its length.
        const int Width = 32_766;
        LabelImage comb = new(3, Width, [.. Enumerable.Range(0, 3 * Width).Select(i => i / Width == 1 || i % 2 == 0 ? 1 : 0)]);
        RoiArchive.Write(_at.At("r.zip"), comb);
        Assert.IsGreaterThan(0, new FileInfo(_at.At("r.zip")).Length);
    }

    [TestMethod]
    public void Evaluate_BinaryMasks_ConnectedPartsAreCells()
    {
        Directory.CreateDirectory(_at.At("binary"));
        string truth = _at.Masks(2);
        foreach (string file in Directory.GetFiles(truth))
        {
            LabelImage cells = LabelFile.Read(file);
            LabelFile.WritePng(
                _at.At("binary", Path.GetFileName(file)),
                new LabelImage(cells.Height, cells.Width, Array.ConvertAll(cells.Labels, l => l > 0 ? 255 : 0)));
        }

        ToolResult result = ToolRun.Ok(
            "evaluate", "--predictions", truth, "--labels", _at.At("binary"), "--json", _at.At("r.json"));
        Assert.AreEqual(1.0, (double)ToolRun.Json(_at.At("r.json"))["ap50"]!);
        StringAssert.Contains(result.Error, _at.At("binary"), StringComparison.Ordinal);
    }

    [TestMethod]
    public void Segment_DanglingLink_IsToldAsOne()
    {
        _at.Images(1);
        File.CreateSymbolicLink(_at.At("images", "gone.tif"), _at.At("nowhere.tif"));
        ToolResult result = Segment();
        Partly(result, "gone.tif", 1);
        StringAssert.Contains(result.Error, "link to " + _at.At("nowhere.tif"), StringComparison.Ordinal);
    }

    private static void Partly(ToolResult result, string file, int? images = null)
    {
        Assert.AreEqual(ExitCode.Partly, result.Code, result.Out + result.Error);
        Assert.IsTrue(
            result.Error.Split('\n').Any(l => l.StartsWith("skipped ", StringComparison.Ordinal)
                && l.Contains(file, StringComparison.Ordinal)), result.Error);
        if (images is not null)
        {
            StringAssert.Contains(result.Out, $"{images} ", StringComparison.Ordinal);
        }
    }

    private ToolResult Segment(params string[] more) => ToolRun.Run(
        ["segment", "--model", _at.Onnx(), "--images", _at.At("images"), "--out", _at.At("out"), .. more]);

    private ToolResult Adapt(params string[] more) => ToolRun.Run(
        ["adapt", "--model", _at.Onnx(), "--images", _at.At("images"), "--out", _at.At("run"), "--iterations", "1",
            "--crop", "32", "--batch-size", "1", "--stop", "none", "--force", .. more]);

    private ToolResult Train(params string[] more)
    {
        if (!Directory.Exists(_at.At("labels")))
        {
            _at.Masks(4);
        }

        return ToolRun.Run(
            ["train", "--model", _at.Onnx(), "--images", _at.At("images"), "--labels", _at.At("labels"), "--out",
                _at.At("trained"), "--epochs", "1", "--crop", "32", "--batch-size", "1", "--min-train-masks", "1", "--force",
                .. more]);
    }

    private static (int, int) Size(LabelImage image) => (image.Height, image.Width);

    private static int[] Checks() => [.. Enumerable.Range(0, 48 * 48).Select(i => (i / 48 / 12 * 4) + (i % 48 / 12))];

    private static Image Ramp(int channels, int height, int width) => new(
        channels, height, width, [.. Enumerable.Range(0, channels * height * width).Select(i => (float)(i * 37 % 251))]);
}
