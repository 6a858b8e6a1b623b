using System.Runtime.InteropServices;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Tests.Files;

namespace SelfAdapt.Tests.Segmentation.Streaming;

/// <summary>Rows out of TIFF files, and labels into them.</summary>
[TestClass]
internal sealed class StreamedFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-rows-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void TiffRows_EveryFixture_GivesTheRowsOfTheWhole()
    {
        int compared = 0;
        foreach (string name in Fixtures.Base64.Keys.Where(k => k.Contains("tiff", StringComparison.OrdinalIgnoreCase)))
        {
            string file = Path.Combine(_folder, name + ".tif");
            File.WriteAllBytes(file, Convert.FromBase64String(Fixtures.Base64[name]));
            using PictureRows? rows = ImageFile.TryOpenRows(file);
            if (rows is not null)
            {
                AssertSame(ImageFile.Read(file), rows, file);
                compared++;
            }
        }

        Assert.IsGreaterThan(5, compared);
    }

    [TestMethod]
    public void TiffRows_SeveralChannelsAndStrips_GivesTheRowsOfTheWhole()
    {
        // Wide enough for strips of 21 rows, so that chunks of 64 rows are several of them.
        Image image = new(3, 300, 3000, [.. Enumerable.Range(0, 3 * 300 * 3000).Select(i => (float)(i * 31 % 1009))]);
        string path = Path.Combine(_folder, "a.tif");
        ImageFile.WriteTiff(path, image);
        using PictureRows? rows = ImageFile.TryOpenRows(path);
        AssertSame(image, rows!, path);
    }

    [TestMethod]
    public void TiffRows_CutFile_IsRefused()
    {
        string path = Path.Combine(_folder, "a.tif");
        ImageFile.WriteTiff(path, new Image(1, 200, 200, [.. Enumerable.Range(0, 40_000).Select(i => i * 7919 % 104729f)]));
        byte[] whole = File.ReadAllBytes(path);
        // What stands behind the last tag's number, the link to a next page, can be missing.
        for (int cut = whole.Length - 7; cut > 8; cut -= 997)
        {
            File.WriteAllBytes(path, whole[..cut]);
            SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() =>
            {
                using PictureRows? rows = ImageFile.TryOpenRows(path);
                rows!.Read(0, rows.Height);
            });
            Assert.AreEqual(ErrorKind.UnreadableInput, e.Kind);
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void LabelTiffStream_AnyPieces_ReadsBack(bool big)
    {
        foreach ((int height, int width) in (ReadOnlySpan<(int, int)>)[(1, 1), (37, 90_001), (500, 33)])
        {
            int[] labels = [.. Enumerable.Range(0, height * width).Select(i => i % 70_001 * (i / 50 % 2))];
            string path = Path.Combine(_folder, "l.tif");
            using (FileStream stream = File.Create(path))
            {
                LabelTiffStream tiff = new(stream, height, width, big);
                for (int row = 0; row < height; row += 7)
                {
                    tiff.Write(labels.AsSpan(row * width, Math.Min(7, height - row) * width));
                }

                tiff.Finish();
            }

            Assert.AreEqual(big ? '+' : '*', (char)File.ReadAllBytes(path)[2]);
            CollectionAssert.AreEqual(labels, LabelFile.Read(path).Labels);
        }
    }

    private static void AssertSame(Image whole, PictureRows rows, string file)
    {
        Assert.AreEqual((whole.Channels, whole.Height, whole.Width), (rows.Channels, rows.Height, rows.Width), file);
        foreach ((int first, int count) in (ReadOnlySpan<(int, int)>)
            [(0, 1), (whole.Height / 3, Math.Max(1, whole.Height / 2)), (whole.Height - 1, 1), (0, whole.Height)])
        {
            Image part = rows.Read(first, count);
            for (int c = 0; c < whole.Channels; c++)
            {
                Assert.IsTrue(
                    MemoryMarshal.AsBytes(part.Plane(c)).SequenceEqual(MemoryMarshal.AsBytes(
                        whole.Plane(c).Slice(first * whole.Width, count * whole.Width))),
                    $"{file}: {count} rows from {first}, channel {c}");
            }
        }
    }
}
