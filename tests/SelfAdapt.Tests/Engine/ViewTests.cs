using SelfAdapt.Engine;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Kinds;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Tests.Engine;

[TestClass]
internal sealed class ViewTests
{
    private const int Size = 5;
    private static readonly ReferenceBackend Backend = new();
    private static readonly Orientation[] All = Enum.GetValues<Orientation>();
    private static readonly ChannelMeaning[] Cellpose =
        [ChannelMeaning.VectorRow, ChannelMeaning.VectorColumn, ChannelMeaning.Logit];

    [TestMethod]
    public void ApplyView_TwoByThree_FollowsTheIndexFormulas()
    {
        // 1 2 3
        // 4 5 6
        AssertView(Orientation.Identity, 1, 2, 3, 4, 5, 6);
        AssertView(Orientation.FlipRows, 4, 5, 6, 1, 2, 3);
        AssertView(Orientation.FlipColumns, 3, 2, 1, 6, 5, 4);
        AssertView(Orientation.Rotate90, 3, 6, 2, 5, 1, 4);
        AssertView(Orientation.Rotate180, 6, 5, 4, 3, 2, 1);
        AssertView(Orientation.Rotate270, 4, 1, 5, 2, 6, 3);
        AssertView(Orientation.Transpose, 1, 4, 2, 5, 3, 6);
        AssertView(Orientation.AntiTranspose, 6, 3, 5, 2, 4, 1);
    }

    [TestMethod]
    [DataRow(Orientation.Identity, Orientation.Identity)]
    [DataRow(Orientation.FlipRows, Orientation.FlipRows)]
    [DataRow(Orientation.FlipColumns, Orientation.FlipColumns)]
    [DataRow(Orientation.Rotate90, Orientation.Rotate270)]
    [DataRow(Orientation.Rotate180, Orientation.Rotate180)]
    [DataRow(Orientation.Rotate270, Orientation.Rotate90)]
    [DataRow(Orientation.Transpose, Orientation.Transpose)]
    [DataRow(Orientation.AntiTranspose, Orientation.AntiTranspose)]
    public void ApplyView_ThenItsInverse_GivesTheImageBack(Orientation view, Orientation inverse)
    {
        double[] image = HostVectors.Noise(2 * 3 * 4 * 7, 1);
        TensorShape shape = new(2, 3, 4, 7);
        double[] turned = Apply(image, shape, view);
        bool swaps = view is Orientation.Rotate90 or Orientation.Rotate270 or Orientation.Transpose or Orientation.AntiTranspose;
        double[] back = Apply(turned, swaps ? new(2, 3, 7, 4) : shape, inverse);
        CollectionAssert.AreEqual(image, back);
        Assert.AreEqual(OrientationMap.Of(inverse), OrientationMap.Of(view).Inverse());
    }

    [TestMethod]
    public void ViewMoments_RadialField_ComesBackFromEveryView()
    {
        // The field that points away from a centre, computed afresh for the turned image, is what an
        // equivariant network returns; turned back it must be the field of the original.
        (double row, double column) = (1.25, 2.5);
        double[] original = RadialField(row, column);
        foreach (Orientation view in All)
        {
            (double r, double c) = TurnedPosition(view, row, column);
            (double[] mean, double[] deviation) = Moments([view], [RadialField(r, c)]);
            for (int i = 0; i < original.Length; i++)
            {
                Assert.AreEqual(original[i], mean[i], 1e-12, $"{view}, element {i}");
            }

            Assert.IsTrue(deviation.All(d => d == 0));
        }
    }

    [TestMethod]
    [DataRow(Orientation.FlipRows, -3.0, 7.0)]
    [DataRow(Orientation.FlipColumns, 3.0, -7.0)]
    [DataRow(Orientation.Rotate90, 7.0, -3.0)]
    [DataRow(Orientation.Rotate180, -3.0, -7.0)]
    [DataRow(Orientation.Rotate270, -7.0, 3.0)]
    [DataRow(Orientation.Transpose, 7.0, 3.0)]
    [DataRow(Orientation.AntiTranspose, -7.0, -3.0)]
    public void ViewMoments_ConstantField_FollowsTheSignTable(Orientation view, double dy, double dx)
    {
        double[] output = [.. Enumerable.Repeat(3.0, 25), .. Enumerable.Repeat(7.0, 25), .. new double[25]];
        (double[] mean, _) = Moments([view], [output]);
        Assert.AreEqual(dy, mean[12]);
        Assert.AreEqual(dx, mean[25 + 12]);
    }

    [TestMethod]
    public void ViewMoments_RaysOfMasks_ComeBackFromEveryView()
    {
        // The distances in a turned mask are what an equivariant network returns; turned back they must be those of the mask.
        const int Rays = 8;
        double[] mask = [.. Enumerable.Range(0, Size * Size).Select(i => i % Size > 0 && i / Size < 3 && i != 7 ? 1.0 : 0)];
        ChannelMeaning[] channels = new OutputDescription([new(new RaysKind(Rays), 0, "rays")]).Meanings;
        double[] expected = Distances(mask);
        foreach (Orientation view in All)
        {
            HostVector<double> mean = new(expected.Length);
            HostVector<double> deviation = new(expected.Length);
            Backend.ViewMoments(
                [HostVectors.Of<double>(Distances(Apply(mask, new(1, 1, Size, Size), view)))], [view],
                new(1, Rays, Size, Size), channels, false, mean, deviation);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.AreEqual(expected[i], mean.Data[i], 1e-5, $"{view}, element {i}");
            }
        }

        static double[] Distances(double[] mask)
        {
            LabelImage masks = new(Size, Size, Array.ConvertAll(mask, v => (int)v));
            double[] planes = new double[Rays * Size * Size];
            float[] distances = new float[Rays];
            for (int i = 0; i < Size * Size; i++)
            {
                StarTargets.Distances(masks, i / Size, i % Size, distances);
                for (int k = 0; k < Rays; k++)
                {
                    planes[(k * Size * Size) + i] = distances[k];
                }
            }

            return planes;
        }
    }

    [TestMethod]
    public void ViewMoments_EquivariantNetwork_HasNoDeviation()
    {
        double[] image = HostVectors.Noise(Size * Size, 4);
        TensorShape shape = new(1, 1, Size, Size);
        double[][] outputs = [.. All.Select(view => GradientNetwork(Apply(image, shape, view)))];
        (double[] mean, double[] deviation) = Moments(All, outputs);
        CollectionAssert.AreEqual(GradientNetwork(image), mean);
        Assert.IsTrue(deviation.All(d => d == 0));
    }

    [TestMethod]
    public void ViewMoments_TwoViews_GivesMeanAndSampleDeviation()
    {
        // Logit 1 and 4 at one pixel: mean 2.5, deviation 1.5 sqrt 2 (n - 1 = 1).
        double[] first = [.. new double[50], .. Enumerable.Repeat(1.0, 25)];
        double[] second = [.. new double[50], .. Enumerable.Repeat(4.0, 25)];
        (double[] mean, double[] deviation) = Moments([Orientation.Identity, Orientation.FlipRows], [first, second]);
        Assert.AreEqual(2.5, mean[60], 1e-15);
        Assert.AreEqual(1.5 * Math.Sqrt(2), deviation[60], 1e-15);
    }

    [TestMethod]
    public void ViewMoments_AverageProbabilities_AveragesSigmoids()
    {
        // sigmoid(ln 3) = 3/4, sigmoid(-ln 4) = 1/5; the flow channels stay as they are.
        double[] first = [.. Enumerable.Repeat(2.0, 50), .. Enumerable.Repeat(Math.Log(3), 25)];
        double[] second = [.. Enumerable.Repeat(2.0, 50), .. Enumerable.Repeat(-Math.Log(4), 25)];
        (double[] mean, _) =
            Moments([Orientation.Identity, Orientation.Identity], [first, second], averageProbabilities: true);
        Assert.AreEqual((0.75 + 0.2) / 2, mean[60], 1e-15);
        Assert.AreEqual(2.0, mean[0]);
    }

    [TestMethod]
    public void ViewMoments_Float_EquivariantNetworkHasNoDeviation()
    {
        using CpuBackend backend = new(1);
        TensorShape shape = new(1, 3, Size, Size);
        double[] image = HostVectors.Noise(Size * Size, 4);
        HostVector<float>[] outputs =
        [
            .. All.Select(v => Apply(image, new(1, 1, Size, Size), v))
                .Select(turned => HostVectors.Of<float>(GradientNetwork(turned))),
        ];
        HostVector<float> mean = new(75);
        HostVector<float> deviation = new(75);
        backend.ViewMoments(outputs, All, shape, Cellpose, false, mean, deviation);
        CollectionAssert.AreEqual(outputs[0].Data, mean.Data);
        Assert.IsTrue(deviation.Data.All(d => d == 0));
    }

    private static void AssertView(Orientation view, params double[] expected) =>
        CollectionAssert.AreEqual(expected, Apply([1, 2, 3, 4, 5, 6], new(1, 1, 2, 3), view), $"{view}");

    private static double[] Apply(double[] image, TensorShape shape, Orientation view)
    {
        HostVector<double> target = new(image.Length);
        Backend.Reorient(HostVectors.Of<double>(image), shape, view, target);
        return target.Data;
    }

    private static (double[] Mean, double[] Deviation) Moments(
        Orientation[] views, double[][] outputs, bool averageProbabilities = false)
    {
        HostVector<double> mean = new(3 * Size * Size);
        HostVector<double> deviation = new(3 * Size * Size);
        Backend.ViewMoments(
            [.. outputs.Select(o => HostVectors.Of<double>(o))], views, new(1, 3, Size, Size), Cellpose,
            averageProbabilities, mean, deviation);
        return (mean.Data, deviation.Data);
    }

    private static double[] RadialField(double row, double column)
    {
        double[] field = new double[3 * Size * Size];
        for (int i = 0; i < Size * Size; i++)
        {
            (double dy, double dx) = ((i / Size) - row, (i % Size) - column);
            double length = Math.Sqrt((dy * dy) + (dx * dx));
            (field[i], field[25 + i], field[50 + i]) = (dy / length, dx / length, length);
        }

        return field;
    }

    /// <summary>
    /// Where a point of the original lies in the turned image, from the views' definitions.
    /// </summary>
    private static (double Row, double Column) TurnedPosition(Orientation view, double r, double c) => view switch
    {
        Orientation.Identity => (r, c),
        Orientation.FlipRows => (Size - 1 - r, c),
        Orientation.FlipColumns => (r, Size - 1 - c),
        Orientation.Rotate90 => (Size - 1 - c, r),
        Orientation.Rotate180 => (Size - 1 - r, Size - 1 - c),
        Orientation.Rotate270 => (c, Size - 1 - r),
        Orientation.Transpose => (c, r),
        _ => (Size - 1 - c, Size - 1 - r),
    };

    /// <summary>
    /// Central differences (wrapping around) and the square: turns with its input by construction.
    /// </summary>
    private static double[] GradientNetwork(double[] image)
    {
        double[] output = new double[3 * image.Length];
        for (int i = 0; i < image.Length; i++)
        {
            (int y, int x) = (i / Size, i % Size);
            double At(int r, int c) => image[((r + Size) % Size * Size) + ((c + Size) % Size)];
            output[i] = At(y + 1, x) - At(y - 1, x);
            output[image.Length + i] = At(y, x + 1) - At(y, x - 1);
            output[(2 * image.Length) + i] = image[i] * image[i];
        }

        return output;
    }
}
