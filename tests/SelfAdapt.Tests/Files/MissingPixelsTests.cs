using SelfAdapt.Files;
using SelfAdapt.Files.Images;

namespace SelfAdapt.Tests.Files;

[TestClass]
internal sealed class MissingPixelsTests
{
    [TestMethod]
    [DataRow(float.NaN, null)]
    [DataRow(float.PositiveInfinity, null)]
    [DataRow(-3.4e38f, null)]
    [DataRow(3.4e38f, null)]
    [DataRow(1e20f, null)]
    [DataRow(-9999f, -9999.0)]
    public void Fill_ValueWithoutData_BecomesTheMedianOfItsChannel(float value, double? noData)
    {
        Image image = Ramp(2, 5, 5);
        image.Plane(1)[7] = value;
        image.Plane(1)[8] = value;

        string? note = MissingPixels.Fill(image, noData);

        float[] others = [.. Ramp(2, 5, 5).Plane(1).ToArray().Where((_, i) => i is not 7 and not 8).Order()];
        Assert.AreEqual(others[others.Length / 2], image.Plane(1)[7]);
        Assert.AreEqual(image.Plane(1)[7], image.Plane(1)[8]);
        CollectionAssert.AreEqual(Ramp(2, 5, 5).Plane(0).ToArray(), image.Plane(0).ToArray());
        StringAssert.Contains(note, "2 of 25", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow(-9999f)]
    [DataRow(9.9e19f)]
    [DataRow(0f)]
    public void Fill_OrdinaryValue_Stays(float value)
    {
        Image image = Ramp(1, 4, 4);
        image.Pixels[3] = value;
        float[] before = [.. image.Pixels];
        Assert.IsNull(MissingPixels.Fill(image, null));
        CollectionAssert.AreEqual(before, image.Pixels);
    }

    [TestMethod]
    public void Fill_RowByRow_IsAsTheWhole()
    {
        // So large that the median is taken on a grid.
        Image image = Ramp(2, 1500, 1400);
        for (int i = 0; i < image.Pixels.Length; i += 3)
        {
            image.Pixels[i] = float.NaN;
        }

        IRowSource rows = MissingPixels.Fill(new ImageRows(Copy(image)), out string? byRows);
        string? whole = MissingPixels.Fill(image, null);

        Assert.AreEqual(whole, byRows);
        for (int row = 0; row < 1500; row += 700)
        {
            Image part = rows.Read(row, Math.Min(700, 1500 - row));
            for (int c = 0; c < 2; c++)
            {
                Assert.IsTrue(part.Plane(c).SequenceEqual(image.Plane(c).Slice(row * 1400, part.Height * 1400)));
            }
        }
    }

    [TestMethod]
    public void Fill_NothingButMissingPixels_SaysSo()
    {
        Image image = new(1, 2, 2, [float.NaN, 1e30f, float.NaN, -1e38f]);
        StringAssert.Contains(MissingPixels.Fill(image, null), "no pixel holds data", StringComparison.Ordinal);
        CollectionAssert.AreEqual(new float[4], image.Pixels);
    }

    private static Image Ramp(int channels, int height, int width) => new(
        channels, height, width, [.. Enumerable.Range(0, channels * height * width).Select(i => (float)(i * 37 % 1009))]);

    private static Image Copy(Image image) => new(image.Channels, image.Height, image.Width, [.. image.Pixels]);
}
