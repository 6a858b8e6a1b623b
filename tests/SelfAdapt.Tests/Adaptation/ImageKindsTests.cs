using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>Folders of one kind stay whole, mixed ones are taken apart.</summary>
[TestClass]
internal sealed class ImageKindsTests
{
    [TestMethod]
    public void Look_BackgroundAndColour_AsInTheImage()
    {
        // A tenth of the pixels 100, the others 10; then upside down; then the same in red alone.
        ImageLook dark = ImageLook.Of(Picture(1, i => i % 10 == 0 ? 100 : 10));
        Assert.AreEqual(new ImageLook(0, 0), dark);
        Assert.AreEqual(new ImageLook(1, 0), ImageLook.Of(Picture(1, i => i % 10 == 0 ? 10 : 100)));
        Assert.AreEqual(0.5, ImageLook.Of(Picture(1, i => i)).Background, 0.01);
        ImageLook red = ImageLook.Of(Picture(3, i => i < 400 ? 100 : 0));
        Assert.AreEqual(1, red.Colour, 1e-9);
        Assert.AreEqual(new ImageLook(0, 0), ImageLook.Of(Picture(1, _ => 7)));
    }

    [TestMethod]
    public void Look_LargeImage_IsThatOfAllItsColumns()
    {
        // Half of the columns are bright: a step of pixels that follows the columns would see one kind only.
        const int Side = 1024;
        Image image = new(1, Side, Side, [.. Enumerable.Range(0, Side * Side).Select(i => (float)(i % 4))]);
        Assert.AreEqual(1 / 3.0, ImageLook.Of(image).Background, 0.34);
        Assert.AreEqual(
            ImageLook.Of(new Image(1, 64, 64, image.Pixels[..4096])).Background, ImageLook.Of(image).Background, 0.34);
    }

    [TestMethod]
    [DataRow(40, 12, 0, "40 12")]
    [DataRow(12, 40, 0, "40 12")]
    [DataRow(30, 0, 0, "30")]
    [DataRow(20, 10, 15, "20 15 10")]
    [DataRow(60, 2, 0, "62")]
    [DataRow(1, 1, 1, "3")]
    public void Of_DarkBrightGray_CountedLargestFirst(int dark, int bright, int gray, string counts)
    {
        ImageLook[] looks =
        [
            .. Looks(dark, 0.03, 0), .. Looks(bright, 0.85, 0.2), .. Looks(gray, 0.5, 0),
        ];
        IReadOnlyList<ImageKind> kinds = ImageKinds.Of(looks);
        Assert.AreEqual(counts, string.Join(' ', kinds.Select(k => k.Members.Count)));
        CollectionAssert.AreEquivalent(
            Enumerable.Range(0, looks.Length).ToArray(), kinds.SelectMany(k => k.Members).ToArray());
    }

    [TestMethod]
    public void Of_EvenlySpread_IsOneKind() => Assert.HasCount(
        1, ImageKinds.Of([.. Enumerable.Range(0, 50).Select(i => new ImageLook(i / 50.0, 0))]));

    [TestMethod]
    public void Nearest_KindThatTheImageLooksLike()
    {
        IReadOnlyList<ImageKind> kinds = ImageKinds.Of([.. Looks(6, 0.05, 0), .. Looks(5, 0.95, 0)]);
        Assert.AreEqual(0, ImageKinds.Nearest(kinds, Picture(1, i => i % 10 == 0 ? 100 : 10)));
        Assert.AreEqual(1, ImageKinds.Nearest(kinds, Picture(1, i => i % 10 == 0 ? 10 : 100)));
    }

    [TestMethod]
    [DataRow("mouse_nuclei/adapt")]
    [DataRow("dsb2018/fluo")]
    [DataRow("livecell/unlabeled")]
    [DataRow("t98g_phase")]
    [DataRow("em_mito")]
    public void Of_RealFolderOfOneKind_StaysWhole(string folder) => Assert.HasCount(1, ImageKinds.Of(Read(folder, 64)));

    [TestMethod]
    [DataRow("dsb2018/fluo", 40, "dsb2018/other", 12)]
    [DataRow("dsb2018/other", 24, "dsb2018/fluo", 20)]
    [DataRow("mouse_nuclei/adapt", 24, "dsb2018/other", 20)]
    [DataRow("livecell/unlabeled", 24, "mouse_nuclei/adapt", 20)]
    [DataRow("dsb2018/other", 24, "t98g_phase", 20)]
    public void Of_RealMix_EveryImageInItsKind(string one, int ofOne, string other, int ofOther)
    {
        IReadOnlyList<ImageKind> kinds = ImageKinds.Of((Image[])[.. Read(one, ofOne), .. Read(other, ofOther)]);
        Assert.HasCount(2, kinds);
        CollectionAssert.AreEqual(Enumerable.Range(0, ofOne).ToArray(), kinds[0].Members.ToArray());
    }

    private static IEnumerable<ImageLook> Looks(int count, double background, double colour) =>
        Enumerable.Range(0, count).Select(i => new ImageLook(background + (0.02 * (i % 3)), colour));

    private static Image[] Read(string folder, int most)
    {
        string[] files = [.. Directory.GetFiles(SharedData.Path(["data", .. folder.Split('/')]), "*.*")
            .Where(f => Path.GetExtension(f) is ".png" or ".tif" && !f.Contains("_masks", StringComparison.Ordinal)).Order()];
        int count = Math.Min(most, files.Length);
        return [.. Enumerable.Range(0, count).Select(i => ImageFile.ReadAll(files[i * files.Length / count])[0].Image)];
    }

    private static Image Picture(int channels, Func<int, float> value) =>
        new(channels, 20, 20, [.. Enumerable.Range(0, channels * 400).Select(value)]);
}
