using SelfAdapt.Segmentation.Simulation;

namespace SelfAdapt.Tests.Segmentation.Simulation;

[TestClass]
internal sealed class MicrographSimulatorTests
{
    [TestMethod]
    public void Simulate_SameSeed_GivesTheSameBytes()
    {
        Micrograph first = MicrographSimulator.Simulate(MicrographOptions.Shifted, 7);
        Micrograph second = MicrographSimulator.Simulate(MicrographOptions.Shifted, 7);
        Micrograph other = MicrographSimulator.Simulate(MicrographOptions.Shifted, 8);

        CollectionAssert.AreEqual(first.Image.Pixels, second.Image.Pixels);
        CollectionAssert.AreEqual(first.Labels.Labels, second.Labels.Labels);
        CollectionAssert.AreNotEqual(first.Labels.Labels, other.Labels.Labels);
    }

    [TestMethod]
    public void Simulate_BothPresets_HoldTheSameNuclei()
    {
        Micrograph clean = MicrographSimulator.Simulate(MicrographOptions.Clean, 3);
        Micrograph shifted = MicrographSimulator.Simulate(MicrographOptions.Shifted, 3);

        CollectionAssert.AreEqual(clean.Labels.Labels, shifted.Labels.Labels);
        CollectionAssert.AreNotEqual(clean.Image.Pixels, shifted.Image.Pixels);
        Assert.IsGreaterThan(4 * Separation(shifted), Separation(clean));
    }

    [TestMethod]
    public void Simulate_Labels_AreCompleteAndOfTheAskedNumberAndSize()
    {
        for (ulong seed = 0; seed < 5; seed++)
        {
            MicrographOptions options = MicrographOptions.Clean;
            int[] labels = MicrographSimulator.Simulate(options, seed).Labels.Labels;
            int[] areas =
                [.. labels.Where(l => l > 0).GroupBy(l => l).OrderBy(g => g.Key).Select(g => g.Count())];

            Assert.HasCount(labels.Max(), areas);
            Assert.IsGreaterThanOrEqualTo(options.Nuclei - 3, areas.Length);
            Assert.IsLessThanOrEqualTo(options.Nuclei, areas.Length);
            Assert.IsGreaterThanOrEqualTo(15, areas.Min());

            // Border nuclei are cut, so the median is a little below the mean disc.
            double median = areas.Order().ElementAt(areas.Length / 2);
            double disc = Math.PI / 4 * options.Diameter * options.Diameter;
            Assert.AreEqual(1, median / disc, 0.3);
        }
    }

    [TestMethod]
    public void Simulate_NegativeOverlap_KeepsNucleiApart()
    {
        MicrographOptions options = MicrographOptions.Clean with { MaximumOverlap = -0.3 };
        Micrograph picture = MicrographSimulator.Simulate(options, 1);
        int[] labels = picture.Labels.Labels;
        int width = options.Width;
        for (int i = width; i < labels.Length; i++)
        {
            int here = labels[i];
            int left = i % width > 0 ? labels[i - 1] : 0;
            Assert.IsTrue(here == 0 || left == 0 || here == left, $"pixel {i}");
            Assert.IsTrue(here == 0 || labels[i - width] == 0 || here == labels[i - width], $"pixel {i}");
        }

        Assert.IsGreaterThan(25, labels.Max());
    }

    [TestMethod]
    public void Simulate_NoNuclei_HasTheBackgroundOfTheFormula()
    {
        // Even background b: grey level = offset + Poisson(b s) + read noise; variance b s + noise^2 (+
        // rounding 1/12).
        MicrographOptions options = MicrographOptions.Clean with
        {
            Nuclei =
                0,
            Background = 0.2,
            BackgroundUnevenness = 0,
            PhotonScale = 200,
            ReadNoise = 3,
            Offset = 100,
        };
        Micrograph picture = MicrographSimulator.Simulate(options, 5);
        double mean = picture.Image.Pixels.Average(p => (double)p);
        double variance = picture.Image.Pixels.Average(p => (p - mean) * (p - mean));

        // 65,536 pixels: five standard errors of the mean are 0.14, of the variance 1.4.
        Assert.AreEqual(140, mean, 0.14);
        Assert.AreEqual(40 + 9 + (1 / 12.0), variance, 1.4);
        Assert.AreEqual(0, picture.Labels.Labels.Max());
        Assert.IsTrue(picture.Image.Pixels.All(p => p == MathF.Round(p)));
    }

    [TestMethod]
    public void Simulate_OptionOutOfRange_Throws()
        => Assert.ThrowsExactly<ArgumentException>(
            () => MicrographSimulator.Simulate(MicrographOptions.Clean with { Diameter = 2 }, 1));

    [TestMethod]
    public void NextBits_SeedZero_IsThePublishedSplitMix64Sequence()
    {
        SeededRandom random = new(0);

        Assert.AreEqual(0xE220A8397B1DCDAFul, random.NextBits());
        Assert.AreEqual(0x6E789E6AA1B965F4ul, random.NextBits());
    }

    [TestMethod]
    [DataRow(0.5)]
    [DataRow(20.0)]
    [DataRow(300.0)]
    public void Poisson_ManyDraws_HaveEqualMeanAndVariance(double mean)
    {
        const int Count = 40_000;
        SeededRandom random = new(11);
        double[] draws = [.. Enumerable.Range(0, Count).Select(_ => (double)random.Poisson(mean))];
        double average = draws.Average();
        double variance = draws.Average(d => (d - average) * (d - average));

        // Five standard errors: of the mean sqrt(m/n), of the variance about sqrt((m + 2 m^2)/n).
        Assert.AreEqual(mean, average, 5 * Math.Sqrt(mean / Count));
        Assert.AreEqual(mean, variance, 5 * Math.Sqrt((mean + (2 * mean * mean)) / Count));
    }

    [TestMethod]
    public void KeepLargestParts_SplitAndSmallLabels_LeaveOnePartEach()
    {
        int[] labels =
        [
            5, 5, 0, 5, 0, 2,
            5, 5, 0, 0, 0, 0,
            9, 9, 9, 0, 0, 0,
        ];
        labels = LabelCleanup.KeepLargestParts(labels, 3, 6, smallest: 2).Labels;

        CollectionAssert.AreEqual(
            new[] { 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 2, 2, 2, 0, 0, 0 }, labels);
    }

    // Distance of the nuclei's and the background's mean in standard deviations of the background.
    private static double Separation(Micrograph picture)
    {
        (float Pixel, int Label)[] pixels = [.. picture.Image.Pixels.Zip(picture.Labels.Labels)];
        double inside = pixels.Where(p => p.Label > 0).Average(p => p.Pixel);
        double outside = pixels.Where(p => p.Label == 0).Average(p => p.Pixel);
        double deviation = Math.Sqrt(pixels.Where(p => p.Label == 0).Average(
            p => (p.Pixel - outside) * (p.Pixel - outside)));
        return (inside - outside) / deviation;
    }
}
