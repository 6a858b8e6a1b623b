namespace SelfAdapt.Files.Regions;

/// <summary>What ImageJ calls the shape of a region; the numbers are the file's.</summary>
internal enum RegionShape : byte
{
    Polygon = 0,
    Rectangle = 1,
    Oval = 2,
    Line = 3,
    FreehandLine = 4,
    SegmentedLine = 5,
    Freehand = 7,
    Traced = 8,
    Angle = 9,
    Point = 10,
}
