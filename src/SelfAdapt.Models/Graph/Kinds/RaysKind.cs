using System.Globalization;

namespace SelfAdapt.Models.Graph.Kinds;

/// <summary>
/// Distances, px, from a pixel to the outline of its object along rays at equal angles: StarDist's. Ray k goes sin(2 pi k / rays)
/// down and cos(2 pi k / rays) to the right.
/// </summary>
/// <param name="rays">A multiple of 4: else a quarter turn would give rays between these.</param>
internal sealed class RaysKind(int rays) : OutputKind(Prefix + rays.ToString(CultureInfo.InvariantCulture), rays)
{
    private const string Prefix = "rays";
    private const int Quarters = 4;
    private const int MostRays = 1024;

    internal override string Detail => $"{Channels} distances";

    internal override ChannelLoss Loss => ChannelLoss.ObjectDistances;

    internal override bool IsFieldOfMasks => true;

    internal override bool GradesObjects => true;

    /// <summary>Whether there can be so many.</summary>
    public static bool Fits(int rays) => rays is >= Quarters and <= MostRays && rays % Quarters == 0;

    /// <summary>A turn moves every ray on by quarters of the circle, a flip reverses their order as well.</summary>
    internal override (int Channel, int Sign) Turned(OrientationMap view, int channel)
    {
        int quarters = view.ColumnFromColumn == 1 ? 0 : view.ColumnFromRow == 1 ? 1 : view.ColumnFromColumn == -1 ? 2 : 3;
        int sense = (view.RowFromRow * view.ColumnFromColumn) - (view.RowFromColumn * view.ColumnFromRow);
        int ray = (sense * channel) + (quarters * Channels / Quarters);
        return (((ray % Channels) + Channels) % Channels, 1);
    }

    internal override string Ending(int channel) => channel.ToString("'_'0", CultureInfo.InvariantCulture);

    private protected override OutputKind? Read(string word) =>
        word.StartsWith(Prefix, StringComparison.Ordinal)
            && int.TryParse(word.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            && Fits(count)
            ? new RaysKind(count)
            : null;
}
