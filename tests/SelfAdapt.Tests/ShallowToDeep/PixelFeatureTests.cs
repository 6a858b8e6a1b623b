using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.Tests.ShallowToDeep;

[TestClass]
internal sealed class PixelFeatureTests
{
    private const int Height = 230;
    private const int Width = 211;

    private static readonly (int Y, int X)[] Places = [(0, 0), (3, 210), (100, 100), (191, 192), (229, 5)];

    /// <summary>What scipy.ndimage 1.10 gives at the places, a row per column of the features.</summary>
    private static readonly float[] Golden =
    [
        1.097073f, 0.4144876f, 0.4409682f, 0.3230311f, 0.4429837f,
        0.9490581f, 0.203064f, 0.4442393f, 0.3267344f, 0.4505431f,
        0.8795922f, 0.1403769f, 0.4594893f, 0.3424414f, 0.4561197f,
        0.8132864f, 0.1115023f, 0.4757622f, 0.3600934f, 0.4713918f,
        0.7937115f, 0.1628832f, 0.4751089f, 0.3675725f, 0.4900404f,
        0.796402f, 0.2283676f, 0.4751418f, 0.3773117f, 0.4720407f,
        0.7870801f, 0.3802358f, 0.4998034f, 0.4415672f, 0.4402807f,
        0.1716355f, 0.0895539f, 0.08583342f, 0.08299517f, 0.05675689f,
        0.07896402f, 0.02652857f, 0.09827901f, 0.09163772f, 0.05407362f,
        0.01462035f, 0.002148296f, 0.07645638f, 0.07266585f, 0.04869033f,
        0.003389268f, 0.01466262f, 0.04375073f, 0.04211203f, 0.02842695f,
        0.002121102f, 0.01231469f, 0.03143193f, 0.02750476f, 0.01632322f,
        0.0002444104f, 0.001657232f, 0.01672543f, 0.01258321f, 0.007809957f,
        -0.4262869f, -0.4856318f, 0.0477345f, 0.05073121f, 0.02208313f,
        -0.182136f, -0.1199052f, 0.05067249f, 0.05247133f, 0.01956073f,
        -0.03509423f, -0.004078577f, 0.005731039f, 0.007538177f, 0.01808697f,
        0.0004516529f, 0.01192779f, -0.000481684f, 0.001128323f, -0.002072061f,
        0.0002193698f, 0.008610598f, 0.0003020253f, 0.001745757f, -0.002950239f,
        -0.0006991635f, 0.001889306f, 0.0005913796f, 0.001323249f, 0.0003050511f,
        -0.1397787f, -0.145522f, 0.03123003f, 0.03238203f, 0.02609415f,
        -0.2865083f, -0.3401098f, 0.01650447f, 0.01834918f, -0.004011023f,
        -0.0642475f, -0.03322916f, 0.02734534f, 0.02808355f, 0.02090638f,
        -0.1178885f, -0.08667606f, 0.02332715f, 0.02438778f, -0.001345647f,
        -0.009965633f, 0.003046667f, 0.003950031f, 0.005649013f, 0.01706825f,
        -0.0251286f, -0.007125244f, 0.001781008f, 0.001889164f, 0.001018726f,
        0.004981647f, 0.007303947f, 0.001127018f, 0.002690079f, 0.001191092f,
        -0.004529994f, 0.00462384f, -0.001608702f, -0.001561757f, -0.003263153f,
        0.003091262f, 0.00597689f, 0.001031418f, 0.002454772f, 0.001446862f,
        -0.002871892f, 0.002633708f, -0.0007293923f, -0.0007090146f, -0.004397101f,
        -0.0003271434f, 0.002245832f, 0.0006029079f, 0.001413577f, 0.001253952f,
        -0.0003720201f, -0.0003565257f, -1.152833e-05f, -9.032857e-05f, -0.0009489013f,
        0.0288886f, 0.007705405f, 0.007790231f, 0.007170387f, 0.003213376f,
        0.000180495f, 0.0004201645f, 3.689713e-05f, 8.307538e-05f, 2.630694e-06f,
        0.005934336f, 0.000560553f, 0.009390224f, 0.008127316f, 0.002891388f,
        0.0003188504f, 0.0004548202f, 6.360515e-05f, 9.115422e-05f, 3.170765e-05f,
        0.0002810279f, 3.149405e-05f, 0.004980958f, 0.004622497f, 0.002294f,
        3.358402e-05f, 1.059143e-05f, 8.282823e-06f, 2.881116e-05f, 4.982201e-05f,
        0.0001062771f, 0.0003850861f, 0.00158835f, 0.001431951f, 0.0006346855f,
        1.966917e-05f, 4.62199e-05f, 3.759588e-05f, 3.588727e-05f, 4.000245e-05f,
        6.528011e-05f, 0.0002677185f, 0.0008317888f, 0.0006171458f, 0.0002780429f,
        1.020241e-05f, 4.461605e-05f, 3.169044e-05f, 3.225953e-05f, 3.126575e-05f,
        1.11671e-05f, 8.774586e-05f, 0.0002140158f, 0.0001509384f, 8.912166e-05f,
        7.847307e-07f, 2.448417e-06f, 8.475589e-09f, 6.618888e-07f, 5.069334e-06f,
    ];

    [TestMethod]
    public void Features_AreThoseOfScipy()
    {
        float[] all = Compute(FeatureSet.Full, Pattern(), 1);
        Assert.HasCount(FeatureSet.Full.Columns * Places.Length, Golden);
        for (int column = 0; column < FeatureSet.Full.Columns; column++)
        {
            for (int p = 0; p < Places.Length; p++)
            {
                float value = all[(column * Height * Width) + (Places[p].Y * Width) + Places[p].X];
                Assert.AreEqual(
                    Golden[(column * Places.Length) + p], value, 1e-5, $"column {column} at {Places[p]}");
            }
        }
    }

    [TestMethod]
    public void Features_DoNotDependOnThreadsOrCuts()
    {
        FeatureImage whole = Pattern();
        float[] one = Compute(FeatureSet.Fast, whole, 1);
        CollectionAssert.AreEqual(one, Compute(FeatureSet.Fast, whole, 3));

        // A part that begins elsewhere has the same values.
        FeatureTile tile = new(FeatureSet.Fast);
        tile.Compute(whole.Values, Height, Width, 37, 55, 20, 31);
        for (int i = 0; i < tile.Height * tile.Width; i++)
        {
            (int y, int x) = (37 + (i / 31), 55 + (i % 31));
            for (int c = 0; c < FeatureSet.Fast.Columns; c++)
            {
                Assert.AreEqual(
                    one[(c * Height * Width) + (y * Width) + x], tile.Values[(c * tile.Height * tile.Width) + i]);
            }
        }
    }

    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(1, 70)]
    [DataRow(9, 3)]
    public void ImageSmallerThanAKernel_HasFiniteFeatures(int height, int width)
    {
        FeatureImage image = FeatureImage.FromScaled(
            [.. Enumerable.Range(0, height * width).Select(i => i % 3f)], height, width);
        image.ForEachTile(FeatureSet.Full, 1, (_, _, tile) => Assert.IsTrue(
            tile.Values.AsSpan(0, FeatureSet.Full.Columns * height * width).ToArray().All(float.IsFinite)));
    }

    [TestMethod]
    public void Sets_HaveTheirColumns_AndReadTheirOwnDescription()
    {
        Assert.AreEqual(43, FeatureSet.Full.Columns);
        Assert.AreEqual(24 + 4, FeatureSet.Fast.Columns);
        Assert.AreEqual(60, FeatureSet.Full.Reach);
        Assert.AreEqual(FeatureSet.Full, FeatureSet.Parse(FeatureSet.Full.ToString()));
        Assert.AreNotEqual(FeatureSet.Full, FeatureSet.Fast);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("v1")]
    [DataRow("v2 Gaussian@1")]
    [DataRow("v1 Gaussian@-1")]
    [DataRow("v1 Gaussian@NaN")]
    [DataRow("v1 Gaussian@1e9")]
    [DataRow("v1 Sobel@1")]
    [DataRow("v1 7@1")]
    public void Description_OfOtherRules_IsNone(string text) => Assert.IsNull(FeatureSet.Parse(text));

    private static FeatureImage Pattern() => FeatureImage.FromScaled(
        [.. Enumerable.Range(0, Height * Width).Select(i => Value(i / Width, i % Width))], Height, Width);

    private static float Value(int y, int x) => (float)(0.5 + (0.3 * Math.Sin((0.11 * x) + (0.05 * y)))
        + (0.2 * Math.Cos((0.31 * y) - (0.17 * x))) + (0.4 * (((x * 7) + (y * 13)) % 29 < 3 ? 1 : 0)));

    private static float[] Compute(FeatureSet set, FeatureImage image, int threads)
    {
        float[] all = new float[set.Columns * image.Height * image.Width];
        image.ForEachTile(set, threads, (top, left, tile) =>
        {
            for (int c = 0; c < set.Columns; c++)
            {
                for (int y = 0; y < tile.Height; y++)
                {
                    tile.Values.AsSpan((((c * tile.Height) + y) * tile.Width), tile.Width)
                        .CopyTo(all.AsSpan((((c * image.Height) + top + y) * image.Width) + left));
                }
            }
        });
        return all;
    }
}
