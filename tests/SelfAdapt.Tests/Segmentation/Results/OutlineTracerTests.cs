using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Results;

namespace SelfAdapt.Tests.Segmentation.Results;

[TestClass]
internal sealed class OutlineTracerTests
{
    // The last two: what OpenCV 4.6's findContours (external, no approximation) lists for these pictures.
    [TestMethod]
    [DataRow("...  .#.  ...", "1,1")]
    [DataRow("#### ####", "0,0 0,1 1,1 2,1 3,1 3,0 2,0 1,0")]
    [DataRow(".###.", "1,0 2,0 3,0 2,0")]
    [DataRow("#.. .#. ..#", "0,0 1,1 2,2 1,1")]
    [DataRow("##### #...# #...# #####", "0,0 0,1 0,2 0,3 1,3 2,3 3,3 4,3 4,2 4,1 4,0 3,0 2,0 1,0")]
    [DataRow("##...### ##...### .....###", "5,0 5,1 5,2 6,2 7,2 7,1 7,0 6,0")]
    [DataRow(
        "#.##..###### .#.######.## #.###.....## .########.## ########.... #.######.#.. .##########.",
        "0,0 1,1 0,2 1,3 0,4 0,5 1,6 2,6 3,6 4,6 5,6 6,6 7,6 8,6 9,6 10,6 9,5 8,6 7,5 7,4 8,3 7,3 6,3 5,3 4,2 5,1 "
        + "6,1 7,1 8,1 9,0 10,1 10,2 10,3 11,3 11,2 11,1 11,0 10,0 9,0 8,0 7,0 6,0 5,1 4,1 3,0 2,0 1,1")]
    [DataRow(
        "...######### ..###.###.## ###.#.###..# ##..##.##..# ###.####...# #.#########. ##.#.#...###",
        "3,0 2,1 1,2 0,2 0,3 0,4 0,5 0,6 1,6 2,5 3,6 4,5 5,6 6,5 7,5 8,5 9,6 10,6 11,6 10,5 11,4 11,3 11,2 11,1 "
        + "11,0 10,0 9,0 8,0 7,0 6,0 5,0 4,0")]
    public void RimPixels_Drawn_InOrder(string rows, string expected)
    {
        LabelImage labels = Drawn.Labels(rows.Replace("  ", " ", StringComparison.Ordinal));
        (int label, LabelRegion region) = CellList.Of(labels).Single();

        IReadOnlyList<OutlinePoint> rim = new OutlineTracer(labels).RimPixels(label, region);

        Assert.AreEqual(expected, string.Join(' ', rim.Select(p => $"{p.X},{p.Y}")));
    }

    [TestMethod]
    [DataRow("#### ####", "0,0 0,2 4,2 4,0")]
    [DataRow("##. ###", "0,0 0,2 3,2 3,1 2,1 2,0")]
    [DataRow("### #.# ###", "0,0 0,3 3,3 3,0 / 2,1 2,2 1,2 1,1")]
    [DataRow("#. .#", "0,0 0,1 1,1 1,0 | 1,1 1,2 2,2 2,1")]
    [DataRow("#.#", "0,0 0,1 1,1 1,0 | 2,0 2,1 3,1 3,0")]
    public void Polygons_Drawn_CornersOnly(string rows, string expected)
    {
        LabelImage labels = Drawn.Labels(rows);
        (int label, LabelRegion region) = CellList.Of(labels).Single();

        IReadOnlyList<IReadOnlyList<OutlinePoint[]>> polygons = new OutlineTracer(labels).Polygons(label, region);

        Assert.AreEqual(expected, string.Join(" | ", polygons.Select(p => string.Join(" / ", p.Select(Text)))));
    }

    [TestMethod]
    public void Polygons_Noise_CoverTheirPixelsExactlyAndNeverTouchThemselves()
    {
        for (uint seed = 1; seed <= 60; seed++)
        {
            LabelImage labels = Drawn.Noise(9 + (int)(seed % 5), 13, 1 + (int)(seed % 3), seed);
            OutlineTracer tracer = new(labels);
            foreach ((int label, LabelRegion region) in CellList.Of(labels))
            {
                IReadOnlyList<IReadOnlyList<OutlinePoint[]>> polygons = tracer.Polygons(label, region);
                OutlinePoint[][] rings = [.. polygons.SelectMany(p => p)];
                bool[] filled = Drawn.Fill(labels, rings);
                CollectionAssert.AreEqual(labels.Labels.Select(l => l == label).ToArray(), filled, $"seed {seed}");
                Assert.AreEqual(region.Area, rings.Sum(OutlineTracer.Area), "areas, holes counted negative");
                foreach (IReadOnlyList<OutlinePoint[]> polygon in polygons)
                {
                    bool[] outer = Drawn.Fill(labels, polygon[0]);
                    Assert.IsGreaterThan(0, OutlineTracer.Area(polygon[0]));
                    foreach (OutlinePoint[] hole in polygon.Skip(1))
                    {
                        Assert.IsLessThan(0, OutlineTracer.Area(hole));
                        Assert.IsTrue(Drawn.Fill(labels, hole).Zip(outer).All(p => !p.First || p.Second), "inside");
                    }
                }

                foreach (OutlinePoint[] ring in rings)
                {
                    Assert.HasCount(ring.Length, ring.Distinct());
                }
            }
        }
    }

    [TestMethod]
    public void RimPixels_Noise_AreRimPixelsOfTheirCell()
    {
        for (uint seed = 1; seed <= 40; seed++)
        {
            LabelImage labels = Drawn.Noise(8, 11, 2, seed);
            OutlineTracer tracer = new(labels);
            foreach ((int label, LabelRegion region) in CellList.Of(labels))
            {
                IReadOnlyList<OutlinePoint> rim = tracer.RimPixels(label, region);
                for (int i = 0; i < rim.Count; i++)
                {
                    (OutlinePoint p, OutlinePoint q) = (rim[i], rim[(i + 1) % rim.Count]);
                    Assert.AreEqual(label, labels.Labels[(p.Y * labels.Width) + p.X]);
                    Assert.IsLessThanOrEqualTo(1, Math.Max(Math.Abs(p.X - q.X), Math.Abs(p.Y - q.Y)));
                }
            }
        }
    }

    private static string Text(OutlinePoint[] ring) => string.Join(' ', ring.Select(p => $"{p.X},{p.Y}"));
}
