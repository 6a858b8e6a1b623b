namespace SelfAdapt.Models.Graph.Kinds;

/// <summary>A vector of a pixel, rows down and columns right: Cellpose's flow.</summary>
internal sealed class VectorFieldKind() : OutputKind("flow", 2)
{
    internal override string Detail => "dY, dX";

    internal override bool IsFieldOfMasks => true;

    /// <summary>A component of the original is one component of the turned field, with a sign: itself or the other.</summary>
    internal override (int Channel, int Sign) Turned(OrientationMap view, int channel) => (
        view.SwapsAxes ? 1 - channel : channel,
        channel == 0 ? view.RowFromRow + view.RowFromColumn : view.ColumnFromRow + view.ColumnFromColumn);

    internal override string Ending(int channel) => channel == 0 ? "_y" : "_x";
}
