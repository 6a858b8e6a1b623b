using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Npy;
using SixLabors.ImageSharp.PixelFormats;

namespace SelfAdapt.Tests.Files;

[TestClass]
internal sealed class FileLayerTests
{
    private string _folder = string.Empty;

    [TestInitialize]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("selfadapt-imaging-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DataRow(65_535, SampleKind.UInt16)]
    [DataRow(65_536, SampleKind.Int32)]
    public void WriteTiff_Labels_ReadBackInTheNarrowestType(int highest, SampleKind kind)
    {
        LabelImage labels = new(2, 3, [0, 1, 2, 300, 5, highest]);
        LabelFile.WriteTiff(At("a.tif"), labels);

        CollectionAssert.AreEqual(labels.Labels, LabelFile.Read(At("a.tif")).Labels);
        Assert.AreEqual(kind, ImageFile.DecodeSingle(FileBytes.Load(At("a.tif")), labels: true).Samples.Kind);
        Assert.HasCount(1, Directory.GetFiles(_folder));
    }

    [TestMethod]
    public void WritePng_Labels_ReadBackEqualOrNameTiff()
    {
        LabelImage labels = new(2, 2, [0, 1, 256, 65_535]);
        LabelFile.WritePng(At("a.png"), labels);
        CollectionAssert.AreEqual(labels.Labels, LabelFile.Read(At("a.png")).Labels);

        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => LabelFile.WritePng(At("b.png"), new LabelImage(1, 1, [65_536])));
        StringAssert.Contains(error.Message, "TIFF");
        Assert.IsFalse(File.Exists(At("b.png")));
    }

    [TestMethod]
    public void WriteTiff_MissingFolder_IsOutputNotWritable()
    {
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => LabelFile.WriteTiff(At(Path.Combine("none", "a.tif")), new LabelImage(1, 1, [1])));

        Assert.AreEqual(ErrorKind.OutputNotWritable, error.Kind);
    }

    [TestMethod]
    public void Read_ValuesThatAreNoLabels_AreRefusedWithTheirPlace()
    {
        NpyFile.Write(At("a.npy"), new[] { 0f, 1f, 2f, 1.5f }, 2, 2);
        NpyFile.Write(At("b.npy"), new[] { 0, -1 }, 1, 2);

        AssertRefused(() => LabelFile.Read(At("a.npy")), "row 1, column 1");
        AssertRefused(() => LabelFile.Read(At("b.npy")), "row 0, column 1");
    }

    [TestMethod]
    public void Read_ColourImageAsLabels_IsRefused()
    {
        File.WriteAllBytes(At("a.png"), PngPicture.Encode<Rgb24>(1, 1, [new(1, 2, 3)]));

        AssertRefused(() => LabelFile.Read(At("a.png")), "3 channels");
    }

    [TestMethod]
    public void WriteTiff_FloatChannels_ReadBackAsOneImage()
    {
        float[] pixels = [.. Enumerable.Range(0, 7 * 3 * 4).Select(i => (i * 0.37f) - 9)];
        ImageFile.WriteTiff(At("a.tif"), new Image(7, 3, 4, pixels));
        Image image = ImageFile.Read(At("a.tif"));

        Assert.AreEqual(7, image.Channels);
        CollectionAssert.AreEqual(pixels, image.Pixels);
    }

    [TestMethod]
    public void NpyWrite_ThreeAxes_ReadsBackEqual()
    {
        float[] values = [.. Enumerable.Range(0, 24).Select(i => i / 7f)];
        NpyFile.Write(At("a.npy"), values, 2, 3, 4);
        NpyArray array = NpyFile.Read(At("a.npy"));

        CollectionAssert.AreEqual(new[] { 2, 3, 4 }, array.Shape);
        CollectionAssert.AreEqual(values, array.ToFloats());
        Assert.AreEqual(0, (new FileInfo(At("a.npy")).Length - (24 * 4)) % 64);
    }

    [TestMethod]
    public void Read_MissingOrEmptyFile_NamesIt()
    {
        File.WriteAllBytes(At("empty.png"), []);

        AssertRefused(() => ImageFile.Read(At("none.png")), "no such file");
        AssertRefused(() => ImageFile.Read(At("empty.png")), "empty");
    }

    [TestMethod]
    public void Load_MixedFolder_TakesUsableImagesInNaturalOrder()
    {
        byte[] png = PngPicture.Encode(1, 2, [1, 2]);
        string[] names = ["img10.png", "img2.PNG", "img2_masks.png", "a_flows_0.tif", "x_outlines.png"];
        foreach (string name in names)
        {
            File.WriteAllBytes(At(name), png);
        }

        File.WriteAllBytes(At("broken.tif"), [1, 2, 3]);
        File.WriteAllBytes(At("photo.nd2"), [0xFF, 0xD8, 0xFF]);
        File.WriteAllBytes(At("flat.png"), PngPicture.Encode(1, 2, [7, 7]));
        NpyFile.Write(At("holes.npy"), new[] { 1f, float.NaN }, 1, 2);
        File.WriteAllText(At("notes.txt"), "not a picture");
        File.WriteAllBytes(At("stack.tif"), Fixtures.Get("ImageJTwoChannelsThreeSlices").All.ToArray());
        ImageFolder folder = ImageFolder.Load(_folder);

        CollectionAssert.AreEqual(
            new[] { "img2", "img10", "stack_p0001", "stack_p0002", "stack_p0003" },
            folder.Images.Select(i => i.Name).ToArray());
        Assert.AreEqual(2, folder.Images[2].Image.Channels);
        CollectionAssert.AreEqual(
            new[] { "photo.nd2", "broken.tif", "flat.png", "holes.npy" },
            folder.Skipped.Select(s => Path.GetFileName(s.File)).ToArray());
        StringAssert.Contains(folder.Skipped[2].Reason, "same value (7)");
        StringAssert.Contains(folder.Skipped[3].Reason, "(the first is NaN)");
        Assert.IsFalse(folder.Skipped[1].Reason.StartsWith(_folder, StringComparison.Ordinal));
    }

    [TestMethod]
    public void Load_SameNameTwice_KeepsResultsApart()
    {
        byte[] png = PngPicture.Encode(1, 2, [1, 2]);
        File.WriteAllBytes(At("a.png"), png);
        File.WriteAllBytes(At("a.tif"), png);

        CollectionAssert.AreEqual(
            new[] { "a", "a_tif" }, ImageFolder.Load(_folder).Images.Select(i => i.Name).ToArray());
    }

    [TestMethod]
    public void Load_SingleFileAndEnding_SelectFiles()
    {
        byte[] png = PngPicture.Encode(1, 2, [1, 2]);
        File.WriteAllBytes(At("a_masks.png"), png);
        File.WriteAllBytes(At("b_img.png"), png);
        File.WriteAllBytes(At("c.png"), png);

        Assert.AreEqual("a_masks", ImageFolder.Load(At("a_masks.png")).Images.Single().Name);
        Assert.AreEqual("b_img", ImageFolder.Load(_folder, "_img").Images.Single().Name);
    }

    [TestMethod]
    public void Load_NothingUsable_IsNoUsableInputWithReasons()
    {
        SelfAdaptException empty = Assert.ThrowsExactly<SelfAdaptException>(() => ImageFolder.Load(_folder));
        SelfAdaptException absent =
            Assert.ThrowsExactly<SelfAdaptException>(() => ImageFolder.Load(At("none")));
        File.WriteAllBytes(At("photo.nd2"), [0xFF, 0xD8, 0xFF]);
        SelfAdaptException photos = Assert.ThrowsExactly<SelfAdaptException>(() => ImageFolder.Load(_folder));

        Assert.AreEqual(ErrorKind.UnreadableInput, empty.Kind);
        StringAssert.Contains(empty.Message, "holds no image");
        StringAssert.Contains(absent.Message, "no such folder");
        StringAssert.Contains(photos.Message, "bfconvert");
    }

    [TestMethod]
    [DataRow("img2", "img10", -1)]
    [DataRow("IMG3", "img20", -1)]
    [DataRow("a", "a1", -1)]
    [DataRow("a01b2", "a1b10", -1)]
    [DataRow("z", "a9", 1)]
    [DataRow("a", "a", 0)]
    public void Compare_Names_OrdersNumbersByValue(string left, string right, int sign)
    {
        Assert.AreEqual(sign, Math.Sign(NaturalOrder.Instance.Compare(left, right)));
        Assert.AreEqual(-sign, Math.Sign(NaturalOrder.Instance.Compare(right, left)));
    }

    [TestMethod]
    [DataRow("dsb2018", 4)]
    [DataRow("cellpose_cyto", 4)]
    [DataRow("em_mito", 4)]
    public void Read_SharedPngs_MasksHoldLabelsOfTheImagesSize(string set, int count)
    {
        string[] masks =
            [.. Directory.GetFiles(SharedData.Path("data", set), "*_masks.png", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal).Take(count)];

        foreach (string path in masks)
        {
            LabelImage labels = LabelFile.Read(path);
            Image image = ImageFile.Read(path.Replace("_masks.png", "_img.png", StringComparison.Ordinal));
            Assert.AreEqual((image.Height, image.Width), (labels.Height, labels.Width));
            Assert.IsGreaterThan(0, labels.Labels.Max());
        }

        Assert.HasCount(count, masks);
    }

    private static void AssertRefused(Action read, string expected)
        => StringAssert.Contains(Assert.ThrowsExactly<SelfAdaptException>(read).Message, expected);

    private string At(string name) => Path.Combine(_folder, name);
}
