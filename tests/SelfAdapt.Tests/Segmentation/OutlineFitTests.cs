using SelfAdapt.Files;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Tests.Segmentation;

/// <summary>A disc with a soft rim at radius 10, and masks that are discs of other radii at other places.</summary>
[TestClass]
internal sealed class OutlineFitTests
{
    private const int Side = 64;
    private const double Radius = 10;

    private static readonly OutlineFit Soft = new(Disc(32, 32, d => (float)(1 / (1 + Math.Exp(d - Radius)))), 2 * Radius);

    [TestMethod]
    public void Of_OutlineOnTheEdge_FitsBest()
    {
        double[] fits = [.. Enumerable.Range(7, 7).Select(r => Fit(32, 32, r))];
        Assert.AreEqual(Radius, 7 + Array.IndexOf(fits, fits.Max()), 1);
        Assert.IsGreaterThan(1.2, fits.Max());
        Assert.IsLessThan(1, fits[0]);
    }

    [TestMethod]
    public void Of_OutlineElsewhere_IsWorse() => Assert.IsLessThan(Fit(32, 32, 10), Fit(38, 32, 10));

    /// <summary>It is held against more of what is around it.</summary>
    [TestMethod]
    public void Of_CoarseGrid_StandsOutMore()
    {
        OutlineFit coarse = new(Disc(32, 32, d => (float)(1 / (1 + Math.Exp(d - Radius)))), 2 * Radius, grid: 2);
        double[] fits = [.. Enumerable.Range(7, 7).Select(r => coarse.Of(Mask(32, 32, r))[0])];
        Assert.AreEqual(Radius, 7 + Array.IndexOf(fits, fits.Max()), 1);
        Assert.IsGreaterThan(Fit(32, 32, 10), fits[3]);
        Assert.IsLessThan(1, fits[0]);
    }

    [TestMethod]
    public void Of_BrightnessAndContrastOfTheImage_DoNotMatter()
    {
        Image faint = Disc(32, 32, d => (float)(5 + (0.01 / (1 + Math.Exp(d - Radius)))));
        Assert.AreEqual(Fit(32, 32, 10), new OutlineFit(faint, 2 * Radius).Of(Mask(32, 32, 10))[0], 1e-2);
    }

    [TestMethod]
    public void Of_DarkObjects_FitAsWell()
    {
        Image dark = Disc(32, 32, d => (float)(1 - (1 / (1 + Math.Exp(d - Radius)))));
        Assert.AreEqual(Fit(32, 32, 10), new OutlineFit(dark, 2 * Radius).Of(Mask(32, 32, 10))[0], 1e-4);
    }

    [TestMethod]
    public void Of_FlatImage_IsAnyOutline() =>
        Assert.AreEqual(1, new OutlineFit(Disc(32, 32, _ => 3), 2 * Radius).Of(Mask(32, 32, 10))[0]);

    [TestMethod]
    public void Of_WhereTheImageEnds_ThereIsNoOutline()
    {
        // Half of the disc, cut by the image's border: its straight side is no outline, and what is left fits as well.
        Image cut = Disc(0, 32, d => (float)(1 / (1 + Math.Exp(d - Radius))));
        double half = new OutlineFit(cut, 2 * Radius).Of(Mask(0, 32, 10))[0];
        Assert.AreEqual(Fit(32, 32, 10), half, 0.1);
    }

    [TestMethod]
    public void Of_SeveralCells_InTheOrderOfTheirLabels()
    {
        LabelImage masks = Mask(32, 32, 10);
        LabelImage other = Mask(8, 8, 5);
        for (int i = 0; i < other.Labels.Length; i++)
        {
            masks.Labels[i] = other.Labels[i] > 0 ? 2 : masks.Labels[i];
        }

        double[] fits = Soft.Of(masks);
        Assert.HasCount(2, fits);
        Assert.IsGreaterThan(fits[1], fits[0]);
    }

    [TestMethod]
    public void Of_NoCells_IsNothing() => Assert.IsEmpty(Soft.Of(new LabelImage(Side, Side, new int[Side * Side])));

    private static double Fit(double y, double x, double radius) => Soft.Of(Mask(y, x, radius))[0];

    private static LabelImage Mask(double y, double x, double radius) =>
        new(Side, Side, Array.ConvertAll(Disc(y, x, d => d <= radius ? 1 : 0).Pixels, v => (int)v));

    private static Image Disc(double y, double x, Func<double, float> brightness) => new(1, Side, Side,
        [.. Enumerable.Range(0, Side * Side).Select(
            i => brightness(Math.Sqrt(Math.Pow((i / Side) - y, 2) + Math.Pow((i % Side) - x, 2))))]);
}
